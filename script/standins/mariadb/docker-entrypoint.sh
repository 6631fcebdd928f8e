#!/bin/bash
# Prepare an empty data directory from MYSQL_ROOT_PASSWORD, MYSQL_USER, MYSQL_PASSWORD and
# MYSQL_DATABASE, then run mariadbd as its own user. One that holds data is used as it is.
set -euo pipefail
[[ "${1:-}" == -* ]] && set -- mariadbd "$@"
if [[ "${1:-}" != mariadbd ]]; then
    exec "$@"
fi
data=/var/lib/mysql
if [[ "$(id -u)" == 0 ]]; then
    mkdir -p "$data" /run/mysqld
    chown -R mysql:mysql "$data" /run/mysqld
    exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
if [[ ! -d "$data/mysql" ]]; then
    if [[ -z "${MYSQL_ROOT_PASSWORD:-}" ]]; then
        echo "MYSQL_ROOT_PASSWORD is not set" >&2
        exit 1
    fi
    mariadb-install-db --datadir="$data" --skip-test-db >/dev/null
    {
        echo "FLUSH PRIVILEGES;"
        echo "ALTER USER root@localhost IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';"
        if [[ -n "${MYSQL_DATABASE:-}" ]]; then
            echo "CREATE DATABASE \`$MYSQL_DATABASE\`;"
        fi
        if [[ -n "${MYSQL_USER:-}" ]]; then
            echo "CREATE USER '$MYSQL_USER'@'%' IDENTIFIED BY '$MYSQL_PASSWORD';"
            echo "GRANT ALL ON \`${MYSQL_DATABASE:-}\`.* TO '$MYSQL_USER'@'%';"
        fi
    } | mariadbd --bootstrap >/dev/null
fi
exec "$@" --bind-address=0.0.0.0
