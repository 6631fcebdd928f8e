#!/bin/bash
# Prepare an empty PGDATA from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, then run postgres
# as its own user. A PGDATA that holds a cluster is used as it is.
set -euo pipefail
[[ "${1:-}" == -* ]] && set -- postgres "$@"
if [[ "${1:-}" != postgres ]]; then
    exec "$@"
fi
if [[ "$(id -u)" == 0 ]]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [[ -z "${POSTGRES_PASSWORD:-}" && "$method" != trust ]]; then
        echo "POSTGRES_PASSWORD is not set: set it, or POSTGRES_HOST_AUTH_METHOD=trust" >&2
        exit 1
    fi
    initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") \
        --auth-local=trust --auth-host="$method" --encoding=UTF8 >/dev/null
    echo "host all all all $method" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    # Nobody outside may connect before the database is whole.
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start >/dev/null
    if [[ "$database" != postgres ]]; then
        createdb --username="$user" --maintenance-db=postgres "$database"
    fi
    for script in /docker-entrypoint-initdb.d/*.sql; do
        [[ -e "$script" ]] && psql -q -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$script"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec "$@"
