#!/bin/sh
# Rolls a newer image out when the tag that the app runs by has got one, and takes back one that is no good.
#
#   updater.sh STACK URL [SECONDS]    look once, or again and again with so many seconds in between
#
# Runs where `docker` talks to a manager of the swarm: as the service that `up --update-every` makes, or from cron or a timer
# on the machine itself. URL is where nginx is. It says one line each time it looks. Exit code, looking once: 0 all is
# well, 1 something is not.
#
# An image that failed is remembered as a config STACK_bad_DIGEST, and not tried again until that is removed.
set -u

stack=${1:?want updater.sh STACK URL [SECONDS]}
url=${2:?want updater.sh STACK URL [SECONDS]}
every=${3:-}
app=${stack}_app

say() { printf '%s %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$app" "$*"; }

state_of() { docker service inspect --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}' "$app"; }

# A few tries: one that comes while nginx itself is renewed says nothing about the app.
answers() {
    for _ in 1 2 3 4 5; do
        wget -q -T 10 -O /dev/null "$url/readyz" && return 0
        sleep 3
    done
    return 1
}

# Brings the tables up to date as the owner of the database, which the app itself may not; replicas that run go on with them.
prepare() {
    docker service inspect "${stack}_setup" >/dev/null 2>&1 || return 0
    before=$(docker service ps -q --no-trunc "${stack}_setup" | head -n 1)
    docker service update -q --detach --force --no-resolve-image --image "$1" "${stack}_setup" >/dev/null || return 1
    tries=0
    while [ $tries -lt 150 ]; do
        tries=$((tries + 1))
        sleep 2
        task=$(docker service ps --no-trunc --format '{{.ID}} {{.CurrentState}}' "${stack}_setup" | head -n 1)
        case $task in
            "$before "*) ;;
            *" Complete "*) return 0 ;;
            *" Failed "* | *" Rejected "*) return 1 ;;
        esac
    done
    return 1
}

remember() {
    printf '%s %s\n' "$1" "$2" | docker config create --label "com.docker.stack.namespace=$stack" "$bad" - >/dev/null
    say "$1 $2; it is not tried again before: docker config rm $bad"
}

look() {
    running=$(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' "$app" 2>&1) || {
        say "cannot look: $running"
        return 1
    }
    case $(state_of) in updating | rollback_started)
        say "is being changed by somebody else; looking again later"
        return 0
        ;;
    esac
    tag=${running%@*}
    if [ "$tag" = "$running" ]; then
        say "runs $tag, which is from no registry: there is nothing to look for"
        return 1
    fi
    why=$(docker pull -q "$tag" 2>&1) || {
        say "cannot pull $tag: $why"
        return 1
    }
    name=${tag%:*}
    newest=
    for one in $(docker image inspect --format '{{join .RepoDigests " "}}' "$tag"); do
        case $one in "$name@"*) newest=${one#*@} ;; esac
    done
    if [ -z "$newest" ]; then
        say "cannot tell the digest of $tag"
        return 1
    fi
    if [ "$newest" = "${running#*@}" ]; then
        say "runs the newest $tag, ${newest#sha256:}"
        return 0
    fi
    bad=${stack}_bad_$(printf %.12s "${newest#sha256:}")
    if docker config inspect "$bad" >/dev/null 2>&1; then
        say "still runs ${running#*@}, for the newest $tag, $newest, was bad"
        return 1
    fi
    roll_out
}

roll_out() {
    began=$(date +%s)
    if ! prepare "$tag@$newest"; then
        say "could not bring the tables up to date for $newest, see: docker service logs ${stack}_setup; trying again later"
        return 1
    fi
    docker service update -q --detach=false --image "$tag@$newest" --update-order start-first \
        --update-failure-action rollback "$app" >/dev/null 2>&1
    # the command may end while the swarm still watches the last replica
    tries=0
    while state=$(state_of) && [ $tries -lt 450 ]; do
        case $state in updating | rollback_started) ;; *) break ;; esac
        tries=$((tries + 1))
        sleep 2
    done
    now=$(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' "$app")
    if [ "$state" != completed ] || [ "${now#*@}" != "$newest" ]; then
        remember "$newest" "was rolled back ($state)"
        return 1
    fi
    if ! answers; then
        docker service rollback -q --detach=false "$app" >/dev/null 2>&1
        remember "$newest" "does not answer through $url and was rolled back"
        return 1
    fi
    say "rolled out $tag, $newest, in $(($(date +%s) - began)) s"
}

if [ -z "$every" ]; then
    look
    exit
fi
trap 'exit 0' TERM INT
while :; do
    look
    # in the background, so that a signal is heard at once
    sleep "$every" &
    wait $!
done
