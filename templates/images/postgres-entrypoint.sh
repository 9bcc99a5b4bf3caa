#!/bin/sh
# Starts PostgreSQL by the conventions of the official image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB,
# POSTGRES_HOST_AUTH_METHOD, POSTGRES_INITDB_ARGS (each may be given as NAME_FILE), PGDATA, and the scripts in
# /docker-entrypoint-initdb.d, which run once, on a server that listens on its Unix socket only.
set -eu

say() { printf '%s\n' "docker-entrypoint: $*" >&2; }

from_file() {
    eval "file=\${$1_FILE:-}"
    if [ -n "$file" ]; then
        value=$(cat "$file")
        export "$1=$value"
        unset "$1_FILE"
    fi
}

prepare_folders() {
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA"
    chmod 3775 /var/run/postgresql
    if [ "$(id -u)" = 0 ]; then
        find "$PGDATA" ! -user postgres -exec chown postgres:postgres '{}' +
        chown postgres:postgres /var/run/postgresql
    fi
}

require_password() {
    if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        say "POSTGRES_PASSWORD is empty; set it, or POSTGRES_HOST_AUTH_METHOD=trust"
        exit 1
    fi
}

create_cluster() {
    passwords=$(mktemp)
    printf '%s\n' "${POSTGRES_PASSWORD:-}" > "$passwords"
    set -- --username="$POSTGRES_USER"
    if [ -n "${POSTGRES_PASSWORD:-}" ]; then
        set -- "$@" --pwfile="$passwords"
    fi
    eval "initdb \"\$@\" ${POSTGRES_INITDB_ARGS:-}"
    rm -f "$passwords"
    method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption -D "$PGDATA")}
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

run_script() {
    case $1 in
        *.sh) if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
        *.sql) as_owner --dbname "$POSTGRES_DB" < "$1" ;;
        *.sql.gz) gunzip -c "$1" | as_owner --dbname "$POSTGRES_DB" ;;
        *.sql.xz) xz -dc "$1" | as_owner --dbname "$POSTGRES_DB" ;;
        *) say "ignored $1" ;;
    esac
}

as_owner() { PGHOST=/var/run/postgresql psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" "$@"; }

fill_cluster() {
    pg_ctl -D "$PGDATA" -w -o "$(quoted "$@") -c listen_addresses=''" start
    if [ "$POSTGRES_DB" != postgres ]; then
        echo 'CREATE DATABASE :"name"' | as_owner --dbname postgres --set name="$POSTGRES_DB"
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        if [ -e "$script" ]; then run_script "$script"; fi
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
}

# The server's own arguments (all but the program's name), quoted for pg_ctl -o.
quoted() {
    if [ "$#" -gt 0 ]; then shift; fi
    for argument in "$@"; do
        printf "'%s' " "$(printf '%s' "$argument" | sed "s/'/'\\\\''/g")"
    done
}

if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]; then
    set -- postgres "$@"
fi

if [ "$1" = postgres ]; then
    for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file "$name"; done
    export POSTGRES_USER="${POSTGRES_USER:-postgres}"
    export POSTGRES_DB="${POSTGRES_DB:-$POSTGRES_USER}"
    prepare_folders
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
    fi
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        require_password
        create_cluster
        fill_cluster "$@"
        say "the cluster is ready to start"
    fi
fi

exec "$@"
