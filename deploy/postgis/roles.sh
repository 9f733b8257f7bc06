#!/bin/sh
# Run once, by the PostGIS image, while an empty database is made. Three users:
#   loopgenie       owns the database: makes the tables, imports
#   loopgenie_app   may only read: serves
#   postgres        the administrator, by the socket inside the container alone, for it has no password
#
# LOOPGENIE_OWNER_PASSWORD and LOOPGENIE_READER_PASSWORD are the passwords; with _FILE at their end, files that hold them.
set -eu

owner_password=${LOOPGENIE_OWNER_PASSWORD:-$(cat "${LOOPGENIE_OWNER_PASSWORD_FILE:?or LOOPGENIE_OWNER_PASSWORD has to be set}")}
reader_password=${LOOPGENIE_READER_PASSWORD:-$(cat "${LOOPGENIE_READER_PASSWORD_FILE:?or LOOPGENIE_READER_PASSWORD has to be set}")}

# In the environment of psql alone: on a command line every process could read them, and what this script exports the server
# would inherit where the image does not run it but reads it.
owner_password=$owner_password reader_password=$reader_password psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
\getenv owner_password owner_password
\getenv reader_password reader_password
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE ROLE loopgenie LOGIN PASSWORD :'owner_password';
CREATE ROLE loopgenie_reader NOLOGIN;
CREATE ROLE loopgenie_app LOGIN PASSWORD :'reader_password' IN ROLE loopgenie_reader;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
SELECT format('ALTER DATABASE %I OWNER TO loopgenie', current_database()) \gexec
SELECT format('ALTER ROLE %I PASSWORD NULL', current_user) \gexec
SQL
