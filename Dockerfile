# LoopGenie's images.
#
#   docker build -t loopgenie .                              the server: `serve`, and every other command that needs no importer
#   docker build -t loopgenie-importer --target importer .   the same with the importers: `import`, `gazetteer`
#   docker build -t loopgenie-web --target web .             nginx with the files of the page, to stand in front
#
# For amd64 and arm64: `docker buildx build --platform linux/amd64,linux/arm64 .`

ARG PYTHON=3.11-slim-bookworm
ARG NGINX=stable


# --- what every stage that builds needs --------------------------------------------------------------------------
FROM python:${PYTHON} AS compiler
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get -qq update && apt-get -qq install -y --no-install-recommends gcc libc6-dev
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_QUIET=1
WORKDIR /build


# --- dependencies: a layer of their own, made anew only when their list changes ----------------------------------
FROM compiler AS dependencies
RUN python -m venv /venv
COPY constraints.txt pyproject.toml ./
# pip has no way to install what a project needs without the project
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*project['dependencies'], *project['optional-dependencies']['redis'], sep='\n')" >needs.txt
RUN --mount=type=cache,target=/root/.cache/pip /venv/bin/pip install -c constraints.txt -r needs.txt

FROM dependencies AS importer-dependencies
RUN python -c "import tomllib; extras = tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']; print(*extras['import'], *extras['gazetteer'], sep='\n')" >needs.txt
RUN --mount=type=cache,target=/root/.cache/pip /venv/bin/pip install -c constraints.txt -r needs.txt

# What nobody needs at run time.
FROM dependencies AS slim-dependencies
RUN /venv/bin/pip uninstall -y pip setuptools && rm -rf /venv/include
FROM importer-dependencies AS slim-importer-dependencies
RUN /venv/bin/pip uninstall -y pip setuptools && rm -rf /venv/include


# --- LoopGenie itself --------------------------------------------------------------------------------------------
FROM compiler AS program
RUN --mount=type=cache,target=/root/.cache/pip python -m venv /compile \
 && /compile/bin/pip install "Cython>=3.1" "setuptools>=77"
# The kernel takes longest and changes least, so it is compiled before the rest is there.
COPY tools/python-headers.sh tools/
COPY setup.py pyproject.toml ./
COPY solver/kernel.py solver/frontier.py solver/
RUN CFLAGS="$(sh tools/python-headers.sh /compile/bin/python /headers)" /compile/bin/python setup.py -q build_ext
COPY README.md LICENSE ./
COPY solver solver
COPY loopgenie loopgenie
# touch: what was compiled is newer than the sources, which have just come again
RUN find build solver -name '*.so' -o -name '*.c' | xargs touch \
 && CFLAGS="$(sh tools/python-headers.sh /compile/bin/python /headers)" \
    /compile/bin/pip install --no-deps --no-build-isolation --target /program . \
 && sed -i '1s|.*|#!/venv/bin/python|' /program/bin/loopgenie

FROM program AS page
COPY --from=slim-dependencies /venv /venv
RUN PYTHONPATH=/program /program/bin/loopgenie static /page/static


# --- the images --------------------------------------------------------------------------------------------------
FROM python:${PYTHON} AS empty
ENV PATH=/program/bin:/venv/bin:$PATH PYTHONPATH=/program PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp \
    LOOPGENIE_HOST=0.0.0.0 LOOPGENIE_PORT=8000 LOOPGENIE_DATABASE_URL=sqlite:////data/loopgenie.db
# /data is for the embedded database, /static for the files of the page that nginx serves; nothing else is ever written,
# except below /tmp, so the root file system can be read-only
RUN groupadd --gid 10001 loopgenie && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin loopgenie \
 && install -d -o 10001 -g 10001 /data /static
USER 10001:10001
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["loopgenie", "health"]
ENTRYPOINT ["loopgenie"]
CMD ["serve"]

FROM empty AS importer
COPY --from=slim-importer-dependencies /venv /venv
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
COPY --from=page /page/static /static
USER nginx
EXPOSE 8080
STOPSIGNAL SIGQUIT
ENTRYPOINT ["nginx"]
CMD ["-g", "daemon off;"]
LABEL org.opencontainers.image.title="LoopGenie web server" \
      org.opencontainers.image.licenses="MIT"

FROM empty AS server
COPY --from=slim-dependencies /venv /venv
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
