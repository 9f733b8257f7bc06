# LoopGenie as a wheel, compiled for one version of Python: docker build --output type=local,dest=FOLDER
ARG PYTHON
FROM python:${PYTHON}-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY . /build
WORKDIR /build
ENV PIP_CONSTRAINT=/build/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1
# some images of Python come without its headers
RUN CFLAGS="$(tools/python-headers.sh python3 /headers)" python3 -m pip wheel -q --no-deps --wheel-dir /wheels .

FROM scratch
COPY --from=build /wheels /
