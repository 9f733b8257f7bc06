#!/bin/bash
# Put this release into service without a failed request: install.sh WANTED
#
# Two of the app run behind nginx, on ports 8001 and 8002. A new version is first tried on port 8003, where nobody sees it;
# only when it has answered a trip do the two change, one after the other, while the other one serves. Whatever fails, what
# ran before goes on, and the last line says why. WANTED holds shell variables:
#   RELEASE   archive in the bucket              DATABASE   sqlite, postgres or secret
#   DATA      trails in the bucket (sqlite)      SECRET     ARN of the secret or parameter with the database URL (secret)
#   DOMAIN    host name, for TLS; may be empty   EMAIL      whom Let's Encrypt may write to
set -Eeuo pipefail
release=$(dirname "$(readlink -f "$0")")
wanted=$(readlink -f "$1")
# shellcheck source=/dev/null
. /etc/loopgenie/machine
DATABASE='' DATA='' SECRET='' DOMAIN=''
# shellcheck source=/dev/null
. "$wanted"
base=/opt/loopgenie
home=/var/lib/loopgenie
slots=(8001 8002)
trial=8003
ready_s=40

say() { echo "loopgenie: $*"; }
fail() {
    say "NOT INSTALLED: $*"
    exit 1
}

trap 'say "NOT INSTALLED: line $LINENO of install.sh failed: $BASH_COMMAND"' ERR

main() {
    mkdir -p $base/versions $base/slots
    getent passwd loopgenie >/dev/null || adduser --quiet --system --group --no-create-home --home $home loopgenie
    packages
    database
    version
    local before=''
    before=$(readlink -f "$base/slots/${slots[0]}/release" || true)
    machine "$release"
    if ! try_it; then
        [ -z "$before" ] || machine "$before"
        fail "the new version does not answer; what ran before goes on"
    fi
    web "$release" "$before"
    for port in "${slots[@]}"; do
        change "$port"
    done
    tidy
    say "INSTALLED $(basename "$release")"
}

packages() {
    [ ! -e "$release/venv/complete" ] || return 0
    rm -rf "$release/venv"
    python3 -m venv "$release/venv"
    "$release/venv/bin/pip" --isolated --disable-pip-version-check -q install --no-index \
        --find-links "$release/wheels" -r "$release/requirements.txt" || fail "the packages do not fit together"
    # interpreted it would be some 80 times slower, and nobody would see why
    "$release/venv/bin/python" -m solver --version | grep -q compiled || fail "the solver's kernel does not load"
    touch "$release/venv/complete"
}

# Sets `settings`: how the app finds its database.
database() {
    case $DATABASE in
    sqlite)
        local file=$home/data/${DATA##*/}
        if [ ! -e "$file" ]; then
            aws s3 cp --only-show-errors "s3://$BUCKET/$DATA" "$file.part" || fail "there is no $DATA in the bucket"
            chown loopgenie: "$file.part"
            mv "$file.part" "$file"
        fi
        chown loopgenie: $home/data
        settings="LOOPGENIE_DATABASE_URL=sqlite:///$file"
        ;;
    postgres)
        postgres
        settings='LOOPGENIE_DATABASE_URL=postgresql://loopgenie@/loopgenie?host=/run/postgresql'
        ;;
    secret) settings="LOOPGENIE_DATABASE_URL_FILE=/run/loopgenie-database/url
DATABASE_SECRET=$SECRET" ;;
    *) fail "DATABASE is '$DATABASE', want sqlite, postgres or secret" ;;
    esac
}

# PostgreSQL with PostGIS on this machine, its data on the volume; the app comes in by its user's name and no password.
postgres() {
    if [ ! -e /usr/share/postgresql/15/extension/postgis.control ]; then
        mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends \
            postgresql-15 postgresql-15-postgis-3 >/dev/null || fail "PostgreSQL cannot be installed"
    fi
    if [ ! -e /etc/postgresql/15/main ]; then
        # a cluster that is there already is adopted: the machine is new, the volume is not
        mkdir -p $home/postgresql
        chown postgres: $home/postgresql $home/postgresql/15 2>/dev/null || true
        pg_createcluster 15 main -d $home/postgresql/15 >/dev/null
        mkdir -p /etc/systemd/system/postgresql@15-main.service.d
        printf '[Unit]\nRequires=loopgenie-data.service\nAfter=loopgenie-data.service\n' \
            >/etc/systemd/system/postgresql@15-main.service.d/data.conf
        systemctl daemon-reload
    fi
    systemctl start postgresql@15-main
    as_postgres() { runuser -u postgres -- psql -Xqtv ON_ERROR_STOP=1 "$@"; }
    [ "$(as_postgres -c "SELECT 1 FROM pg_roles WHERE rolname = 'loopgenie'")" ] ||
        as_postgres -c 'CREATE ROLE loopgenie LOGIN CREATEROLE'
    [ "$(as_postgres -c "SELECT 1 FROM pg_database WHERE datname = 'loopgenie'")" ] ||
        as_postgres -c 'CREATE DATABASE loopgenie OWNER loopgenie'
    as_postgres -d loopgenie -c 'CREATE EXTENSION IF NOT EXISTS postgis' 2>/dev/null
    runuser -u loopgenie -- "$release/venv/bin/loopgenie" sample --if-empty \
        --database 'postgresql://loopgenie@/loopgenie?host=/run/postgresql' >/dev/null
}

# Sets `new`: a folder for this release with these settings. A slot is a link to one, so that going back is a link, too.
version() {
    local cores
    cores=$(nproc)
    settings="$settings
LOOPGENIE_STATIC_FOLDER=/var/cache/loopgenie/static
LOOPGENIE_TRUSTED_PROXIES=1
LOOPGENIE_SEARCHES_AT_ONCE=$(((cores + 1) / 2))"
    new=$base/versions/$(printf '%s\n%s' "$release" "$settings" | sha256sum | cut -c1-12)
    mkdir -p "$new"
    touch "$new"
    ln -sfn "$release" "$new/release"
    printf '%s\n' "$settings" >"$new/environment"
    cp "$wanted" "$new/wanted"
}

# The units of a release.
machine() {
    install -m 644 "$1"/*.service "$1"/*.timer /etc/systemd/system/
    systemctl daemon-reload
}

try_it() {
    ln -sfn "$new" $base/slots/$trial
    systemctl restart loopgenie@$trial || true
    local works=1
    { ready $trial && "$new/release/venv/bin/python" "$release/first_trip.py" http://127.0.0.1:$trial; } || works=
    [ "$works" ] || journalctl -q -o cat -n 8 -u loopgenie@$trial || true
    systemctl stop loopgenie@$trial || true
    systemctl reset-failed loopgenie@$trial 2>/dev/null || true
    rm -f $base/slots/$trial
    [ "$works" ]
}

ready() {
    local end=$((SECONDS + ready_s))
    until curl -fs -o /dev/null --max-time 5 "http://127.0.0.1:$1/readyz"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.25
    done
}

# nginx as a release wants it; what it had before if it does not take that.
web() {
    local known=''
    known=$(web_sum)
    if ! web_files "$1"; then
        [ -z "$2" ] || web_files "$2" || true
        fail "nginx does not take the new settings; what ran before goes on"
    fi
    systemctl enable -q nginx
    # a reload closes connections at rest, perhaps under a request that is just coming, so there is none without need
    [ "$known" = "$(web_sum)" ] || systemctl reload-or-restart nginx
    if [ "$DOMAIN" ]; then
        systemctl enable -q --now loopgenie-certificate.timer
    else
        systemctl disable -q --now loopgenie-certificate.timer 2>/dev/null || true
    fi
}

web_sum() {
    { cat /etc/nginx/loopgenie/* /etc/nginx/conf.d/loopgenie.conf 2>/dev/null || true; } | sha256sum
}

web_files() {
    local kind=http
    [ -z "$DOMAIN" ] || [ ! -e "/etc/letsencrypt/live/$DOMAIN/fullchain.pem" ] || kind=https
    mkdir -p /etc/nginx/loopgenie /var/www/acme /var/cache/loopgenie/static
    chown loopgenie: /var/cache/loopgenie /var/cache/loopgenie/static
    ln -sfn /var/cache/loopgenie/static /static
    rm -f /etc/nginx/sites-enabled/default
    install -m 644 "$1"/nginx/site.conf "$1"/nginx/problems.conf "$1"/nginx/upstream.conf "$1"/nginx/log.conf \
        /etc/nginx/loopgenie/
    sed "s/DOMAIN/$DOMAIN/g" "$1/nginx/$kind.conf" >/etc/nginx/conf.d/loopgenie.conf
    nginx -tq
}

# One of the two takes the new version, and the old one again if that does not work.
change() {
    local slot=$base/slots/$1 old=''
    old=$(readlink "$slot" || true)
    if [ "$old" = "$new" ] && curl -fs -o /dev/null --max-time 5 "http://127.0.0.1:$1/readyz"; then
        return
    fi
    ln -sfn "$new" "$slot"
    systemctl enable -q "loopgenie@$1"
    # stopping waits for the requests it is working on; nginx sends the others to its neighbour meanwhile
    systemctl restart "loopgenie@$1" || true
    ready "$1" && return
    journalctl -q -o cat -n 8 -u "loopgenie@$1" || true
    if [ "$old" ]; then
        for port in "${slots[@]}"; do
            ln -sfn "$old" "$base/slots/$port"
        done
        machine "$(readlink -f "$old/release")"
        systemctl restart "loopgenie@$1" || true
        ready "$1" || true
    fi
    fail "the new version does not start on port $1; the one before runs again"
}

# Three versions are kept, to go back to, and what they need.
tidy() {
    local folder
    find $base/versions -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -rn | tail -n +4 | cut -d' ' -f2- |
        while read -r folder; do rm -rf "$folder"; done
    find $base/releases -mindepth 1 -maxdepth 1 | while read -r folder; do
        readlink $base/versions/*/release | grep -qxF "$folder" || rm -rf "$folder"
    done
    find $home/data -name '*.db' | while read -r folder; do
        grep -qF "$folder" $base/versions/*/environment || rm -f "$folder" "$folder"-wal "$folder"-shm
    done
}

main
