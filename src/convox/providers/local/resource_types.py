"""The types of resources that a rack can make, as data: image, port, env, commands, options.

A new type is a row here. Nothing secret is ever an argument: passwords travel in the container's
environment, and commands inside it read them there. Read resource_options.py for how options of a
convox.yml are taken, resource_target.py for how a row becomes a container.

Source of options and addresses: manifest.md section 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from convox.providers.local.hello import Speech

USER = "app"
"""User and database of every type that has them."""

_SHARED = ("class", "version", "durable", "encrypted")
_AMAZON = (
    "storage",
    "iops",
    "deletionProtection",
    "backupRetentionPeriod",
    "preferredBackupWindow",
    "parameterGroupName",
    "autoMinorVersionUpgrade",
    "snapshot",
    "readSourceDB",
)
_NODES = "nodes"


@dataclass(frozen=True)
class ResourceType:
    """One type of resource."""

    name: str
    image: str
    """Repository; the version is its tag."""
    version: str
    """Where none is asked for."""
    port: int
    speech: Speech
    data: str = ""
    """Where the volume goes; empty for what keeps nothing."""
    scheme: str = ""
    """Of its address; without one the address is `host:port`."""
    has_user: bool = False
    """Whether it has a user, a password and a database."""
    password_names: tuple[str, ...] = ()
    """Variables of the container that carry the password."""
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] | None = None
    durable_command: tuple[str, ...] = ()
    """Added to the command for `durable: true`."""
    memory_flag: str = ""
    """Added to the command with the memory it may use, `{}` in MB."""
    options: tuple[str, ...] = ()
    upgrades: str = "forward"
    """Which data it reads: of its own major version (`same`), of older ones too (`forward`), or
    none at all, since it keeps none (`any`)."""
    signature: bytes = b""
    """In the first bytes of every dump of it."""
    ending: bytes = b""
    """In the last bytes of a dump that is whole."""
    dump: str = ""
    """Shell command that writes a dump to its output; empty where there is none."""
    restore: str = ""
    """Shell command that replaces all data by a dump at its input, or fails and changes nothing."""


_PG_DUMP = "pg_dump --no-owner --no-privileges -U app app"
_PG_EMPTY = (
    "DO $$ DECLARE s text; BEGIN FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ "
    "'^pg_' AND nspname <> 'information_schema' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); "
    "END LOOP; END $$; CREATE SCHEMA public;"
)
_PG_RESTORE = f"""
{{ cat <<'EMPTY'
SET lock_timeout = '60s';
SET client_min_messages = warning;
{_PG_EMPTY}
EMPTY
cat; }} | PGOPTIONS=--client-min-messages=warning \\
  psql -X -q -o /dev/null -v ON_ERROR_STOP=1 --single-transaction -U app -d app
"""
# Into a scratch database first: a statement of MySQL cannot be taken back.
_MYSQL_RESTORE = """
set -e
c=$(command -v mariadb || command -v mysql)
f=$(mktemp); trap 'rm -f "$f"' EXIT; cat > "$f"
export MYSQL_PWD="$MYSQL_ROOT_PASSWORD"
"$c" -uroot -e 'DROP DATABASE IF EXISTS app_import; CREATE DATABASE app_import'
if ! "$c" -uroot app_import < "$f"; then
  "$c" -uroot -e 'DROP DATABASE app_import'; exit 1
fi
"$c" -uroot -e 'DROP DATABASE app_import; DROP DATABASE app; CREATE DATABASE app'
"$c" -uroot app < "$f"
"""
_MYSQL_DUMP = """
d=$(command -v mariadb-dump || command -v mysqldump)
MYSQL_PWD="$MYSQL_ROOT_PASSWORD" exec "$d" -uroot --single-transaction --routines --triggers app
"""
_REDIS_DUMP = """
set -e
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
CLI --rdb "$d/dump.rdb" >&2
cat "$d/dump.rdb"
"""
# A second server reads the dump, and only if it can, the first one copies its data.
_REDIS_RESTORE = """
set -e
d=$(mktemp -d)
cat > "$d/dump.rdb"
SERVER --port 6399 --bind 127.0.0.1 --dir "$d" --dbfilename dump.rdb --save '' \\
  --repl-diskless-sync-delay 0 \\
  --logfile "$d/log" >/dev/null &
p=$!
trap 'CLI -p 6399 shutdown nosave >/dev/null 2>&1 || true; rm -rf "$d"' EXIT
for n in $(seq 600); do
  if [ "$(CLI -p 6399 ping 2>/dev/null)" = PONG ]; then break; fi
  if ! grep -qs '^State:.[^ZX]' "/proc/$p/status"; then
    grep -v WARNING "$d/log" | tail -n 2; exit 1
  fi
  sleep 0.1
done
if [ "$(CLI -p 6399 ping 2>/dev/null)" != PONG ]; then
  grep -v WARNING "$d/log" | tail -n 2; exit 1
fi
CLI replicaof 127.0.0.1 6399 >/dev/null
for n in $(seq 3000); do
  if CLI info replication | grep -q 'master_link_status:up'; then done=1; break; fi
  sleep 0.1
done
CLI replicaof no one >/dev/null
[ -n "$done" ] || { echo 'the data was not copied in time'; exit 1; }
CLI save >/dev/null
"""


def _redis(text: str, program: str) -> str:
    return text.replace("SERVER", f"{program}-server").replace("CLI", f"{program}-cli")


def _redis_like(name: str, version: str) -> ResourceType:
    return ResourceType(
        name,
        name,
        version,
        6379,
        "redis",
        data="/data",
        scheme="redis",
        # Without a delay a dump takes milliseconds, with the usual one five seconds.
        command=(f"{name}-server", "--repl-diskless-sync-delay", "0"),
        durable_command=("--appendonly", "yes"),
        memory_flag="--maxmemory {}mb --maxmemory-policy volatile-lru",
        options=(*_SHARED, _NODES),
        signature=b"REDIS",
        dump=_redis(_REDIS_DUMP, name),
        restore=_redis(_REDIS_RESTORE, name),
    )


def _mysql_like(name: str, version: str, signature: bytes) -> ResourceType:
    return ResourceType(
        name,
        name,
        version,
        3306,
        "mysql",
        data="/var/lib/mysql",
        scheme="mysql",
        has_user=True,
        password_names=("MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD"),
        env={"MYSQL_USER": USER, "MYSQL_DATABASE": USER},
        # The server counts health checks as connections that failed, and would block us.
        command=("--host-cache-size=0", "--skip-name-resolve"),
        options=(*_SHARED, *_AMAZON),
        signature=signature,
        ending=b"-- Dump completed",
        dump=_MYSQL_DUMP,
        restore=_MYSQL_RESTORE,
    )


TYPES: Mapping[str, ResourceType] = {
    kind.name: kind
    for kind in (
        ResourceType(
            "postgres",
            "postgres",
            "15",
            5432,
            "postgres",
            data="/var/lib/postgresql/data",
            scheme="postgres",
            has_user=True,
            password_names=("POSTGRES_PASSWORD",),
            env={"POSTGRES_USER": USER, "POSTGRES_DB": USER},
            options=(*_SHARED, *_AMAZON),
            upgrades="same",
            signature=b"-- PostgreSQL database dump",
            ending=b"-- PostgreSQL database dump complete",
            dump=_PG_DUMP,
            restore=_PG_RESTORE,
        ),
        _mysql_like("mysql", "8.0", b"-- MySQL dump"),
        _mysql_like("mariadb", "10.11", b"-- MariaDB dump"),
        _redis_like("redis", "7"),
        _redis_like("valkey", "8"),
        ResourceType(
            "memcached",
            "memcached",
            "1.6",
            11211,
            "memcached",
            command=("memcached",),
            memory_flag="-m {}",
            options=("class", "version", "encrypted", _NODES),
            upgrades="any",
        ),
    )
}
