# LoopGenie's images.
#
#   docker build -t loopgenie .                              the server: `serve`, and every other command that needs no importer
#   docker build -t loopgenie-importer --target importer .   the same with the importers: `import`, `gazetteer`
#   docker build -t loopgenie-web --target web .             nginx with the files of the page, to stand in front
#
# For amd64 and arm64: `docker buildx build --platform linux/amd64,linux/arm64 .`

ARG PYTHON=3.11-slim-bookworm
ARG NGINX=stable


# --- what is needed: lists that stay the same while the rest of pyproject.toml changes ---------------------------
FROM python:${PYTHON} AS needs
WORKDIR /needs
COPY pyproject.toml constraints.txt ./
# pip has no way to install what a project needs without the project
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; extras = project['optional-dependencies']; \
    print(*project['dependencies'], *extras['redis'], sep='\n', file=open('server.txt', 'w')); \
    print(*extras['import'], *extras['gazetteer'], sep='\n', file=open('importer.txt', 'w'))" \
 && { grep -i '^cython==' constraints.txt; echo 'setuptools>=77'; } >compiler.txt


# --- dependencies: a layer of their own, made anew only when their list changes ----------------------------------
FROM python:${PYTHON} AS dependencies
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_QUIET=1
RUN python -m venv --without-pip /venv
COPY --from=needs /needs/server.txt /needs/constraints.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip --python /venv/bin/python install --only-binary=:all: -c constraints.txt -r server.txt

FROM dependencies AS importer-dependencies
COPY --from=needs /needs/importer.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip --python /venv/bin/python install --only-binary=:all: -c constraints.txt -r importer.txt


# --- LoopGenie itself --------------------------------------------------------------------------------------------
FROM python:${PYTHON} AS program
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get -qq update && apt-get -qq install -y --no-install-recommends gcc libc6-dev
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_QUIET=1
WORKDIR /build
COPY --from=needs /needs/compiler.txt ./
RUN --mount=type=cache,target=/root/.cache/pip python -m venv /compile && /compile/bin/pip install -r compiler.txt
# The kernel takes longest and changes least, so it is compiled before the rest is there.
COPY tools/python-headers.sh tools/
COPY setup.py ./
COPY solver/kernel.py solver/frontier.py solver/trek_kernel.py solver/
RUN CFLAGS="$(sh tools/python-headers.sh /compile/bin/python /headers)" /compile/bin/python setup.py -q build_ext
COPY pyproject.toml README.md LICENSE ./
COPY solver solver
COPY loopgenie loopgenie
# touch: the sources have just come again, and what was made of them, one after the other, must be newer
RUN touch solver/*.c && find build -name '*.so' -exec touch {} + \
 && CFLAGS="$(sh tools/python-headers.sh /compile/bin/python /headers)" \
    /compile/bin/pip install --no-deps --no-build-isolation --target /program . \
 && sed -i '1s|.*|#!/venv/bin/python|' /program/bin/loopgenie

FROM program AS page
COPY --from=dependencies /venv /venv
RUN PYTHONPATH=/program /program/bin/loopgenie static /page/static


# --- the images --------------------------------------------------------------------------------------------------
FROM python:${PYTHON} AS empty
ENV PATH=/program/bin:/venv/bin:$PATH PYTHONPATH=/program PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp \
    LOOPGENIE_HOST=0.0.0.0 LOOPGENIE_PORT=8000 LOOPGENIE_DATABASE_URL=sqlite:////data/loopgenie.db
# The base's pip is in nobody's way here but an intruder's.
RUN rm -rf "$(python -c 'import pip; print(*pip.__path__)')" /usr/local/bin/pip* \
 && ! python -m pip --version 2>/dev/null
# /data is for the embedded database, /static for the files of the page that nginx serves; nothing else is ever written,
# except below /tmp, so the root file system can be read-only
RUN groupadd --gid 10001 loopgenie && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin loopgenie \
 && install -d -o 10001 -g 10001 /data /static
USER 10001:10001
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["loopgenie", "health"]
ENTRYPOINT ["loopgenie"]
CMD ["serve"]

FROM empty AS importer
COPY --from=importer-dependencies /venv /venv
COPY --from=program /program /program
HEALTHCHECK NONE
CMD ["--help"]
LABEL org.opencontainers.image.title="LoopGenie importer" \
      org.opencontainers.image.licenses="MIT"

# Root opens no port and writes no file here: all is below /tmp, and it listens on 8080.
FROM nginx:${NGINX} AS web
COPY deploy/nginx/nginx.conf /etc/nginx/nginx.conf
COPY deploy/nginx/site.conf deploy/nginx/problems.conf /etc/nginx/loopgenie/
COPY deploy/nginx/upstream-loopback.conf /etc/nginx/loopgenie/upstream.conf
COPY deploy/nginx/upstream-docker.conf /etc/nginx/loopgenie/upstream-docker.conf
COPY --from=page /page/static /static
# docker.conf is for where the app is another service of a Docker network and not on the loopback
RUN sed 's|/upstream.conf|/upstream-docker.conf|' /etc/nginx/nginx.conf >/etc/nginx/docker.conf
USER nginx
RUN nginx -t && nginx -t -c /etc/nginx/docker.conf
# of nginx alone: without the app it still has something to say
HEALTHCHECK --interval=5s --timeout=2s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]
EXPOSE 8080
STOPSIGNAL SIGQUIT
ENTRYPOINT ["nginx"]
CMD ["-g", "daemon off;"]
LABEL org.opencontainers.image.title="LoopGenie web server" \
      org.opencontainers.image.licenses="MIT"

FROM empty AS server
COPY --from=dependencies /venv /venv
COPY --from=program /program /program
# Starts once while it is built, so that an image that cannot start is never made; without the compiled kernel it is none.
RUN python -m solver --version | grep -q compiled && python -c "import loopgenie.wsgi"
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="LoopGenie" \
      org.opencontainers.image.description="Closed hiking loops of the length you ask for, optimised on the real trail network" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
