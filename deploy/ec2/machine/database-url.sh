#!/bin/bash
# Before the app starts, as root: fetch the database URL, if it is a secret, into a file in memory that only the app reads.
# At every start, so that a new password needs no more than a restart.
set -euo pipefail
[ "${DATABASE_SECRET:-}" ] || exit 0
# shellcheck source=/dev/null
. /etc/loopgenie/machine
if [[ $DATABASE_SECRET == arn:*:ssm:* ]]; then
    secret=$(aws ssm get-parameter --with-decryption --name "$DATABASE_SECRET" --query Parameter.Value --output text)
else
    secret=$(aws secretsmanager get-secret-value --secret-id "$DATABASE_SECRET" --query SecretString --output text)
fi
umask 077
part=$(mktemp /run/loopgenie-database/url.XXXXXX)
printf '%s' "$secret" >"$part"
chown loopgenie: "$part"
mv "$part" /run/loopgenie-database/url
