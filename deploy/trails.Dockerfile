# The server's image with a database of trails in a layer of its own, for services that need no database server: each task
# has the whole file at once, and all of them the same.
ARG SERVER
ARG IMPORTER=scratch

FROM ${IMPORTER} AS sample
RUN ["loopgenie", "sample", "--database", "sqlite:////data/loopgenie.db"]

FROM ${SERVER} AS with-sample
COPY --from=sample --chmod=0444 /data/loopgenie.db /trails/loopgenie.db

FROM ${SERVER} AS with-file
COPY --chmod=0444 loopgenie.db /trails/loopgenie.db
