"""What each stand-in image consists of: a literal table, read by images.py.

Only versions that Debian 12 has. Each behaves like the image whose name it bears in what demo and
tests use: commands in PATH, ports, folders, environment, entry point and stop signal.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """One stand-in."""

    packages: tuple[str, ...] = ()
    """Debian packages beyond the minimal system."""
    files: tuple[tuple[str, str, str], ...] = ()
    """File under script/standins, where it goes, mode."""
    before: tuple[str, ...] = ()
    """Shell commands run before the packages are configured; $1 is the image's root."""
    after: tuple[str, ...] = ()
    """Shell commands run at the end; $1 is the image's root."""
    config: tuple[tuple[str, object], ...] = ()
    """The image's settings, in the names of the image specification."""


_PGDATA = "/var/lib/postgresql/data"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PYTHON = 'for n in python python3; do ln -sf /usr/bin/python3.11 "$1/usr/local/bin/$n"; done'
_APACHE = (
    'mkdir -p "$1/usr/local/apache2/bin" "$1/usr/local/apache2/logs"; '
    'ln -s /usr/lib/apache2/modules "$1/usr/local/apache2/modules"; '
    'ln -s /usr/sbin/apache2 "$1/usr/local/apache2/bin/httpd"'
)
_NO_CLUSTER = (
    'mkdir -p "$1/etc/postgresql-common"; '
    'echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"'
)
_POSTGRES = (
    'install -d -m 0700 -o 999 -g 999 "$1/var/lib/postgresql/data"; '
    'chroot "$1" chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql; '
    'mkdir -p "$1/docker-entrypoint-initdb.d"'
)

RECIPES = {
    "debian:bookworm-slim": Recipe(
        config=(("Env", [_PATH]), ("Cmd", ["bash"])),
    ),
    "python:3.11-slim": Recipe(
        packages=("python3", "ca-certificates"),
        after=(_PYTHON,),
        config=(("Env", [_PATH, "LANG=C.UTF-8"]), ("Cmd", ["python3"])),
    ),
    "httpd:2.4": Recipe(
        packages=("apache2-bin", "media-types"),
        files=(
            ("httpd/httpd.conf", "/usr/local/apache2/conf/httpd.conf", "0644"),
            ("httpd/httpd-foreground", "/usr/local/bin/httpd-foreground", "0755"),
            ("httpd/index.html", "/usr/local/apache2/htdocs/index.html", "0644"),
        ),
        after=(_APACHE,),
        config=(
            ("Env", [f"{_PATH}:/usr/local/apache2/bin", "HTTPD_PREFIX=/usr/local/apache2"]),
            ("WorkingDir", "/usr/local/apache2"),
            ("StopSignal", "SIGWINCH"),
            ("ExposedPorts", {"80/tcp": {}}),
            ("Cmd", ["httpd-foreground"]),
        ),
    ),
    "postgres:15": Recipe(
        packages=("postgresql-15",),
        files=(("postgres/docker-entrypoint.sh", "/usr/local/bin/docker-entrypoint.sh", "0755"),),
        before=(_NO_CLUSTER,),
        after=(_POSTGRES,),
        config=(
            ("Env", [f"{_PATH}:/usr/lib/postgresql/15/bin", "LANG=C.UTF-8", f"PGDATA={_PGDATA}"]),
            ("Volumes", {_PGDATA: {}}),
            ("StopSignal", "SIGINT"),
            ("ExposedPorts", {"5432/tcp": {}}),
            ("Entrypoint", ["docker-entrypoint.sh"]),
            ("Cmd", ["postgres"]),
        ),
    ),
    "mariadb:10.11": Recipe(
        packages=("mariadb-server",),
        files=(("mariadb/docker-entrypoint.sh", "/usr/local/bin/docker-entrypoint.sh", "0755"),),
        after=('rm -rf "$1/var/lib/mysql"; mkdir "$1/var/lib/mysql"',),
        config=(
            ("Env", [_PATH, "LANG=C.UTF-8"]),
            ("Volumes", {"/var/lib/mysql": {}}),
            ("ExposedPorts", {"3306/tcp": {}}),
            ("Entrypoint", ["docker-entrypoint.sh"]),
            ("Cmd", ["mariadbd"]),
        ),
    ),
    "memcached:1.6": Recipe(
        packages=("memcached",),
        config=(
            ("Env", [_PATH]),
            ("User", "memcache"),
            ("ExposedPorts", {"11211/tcp": {}}),
            ("Cmd", ["memcached"]),
        ),
    ),
    "redis:7": Recipe(
        packages=("redis-server",),
        files=(("redis/docker-entrypoint.sh", "/usr/local/bin/docker-entrypoint.sh", "0755"),),
        after=('mkdir -p "$1/data"; chroot "$1" chown redis:redis /data',),
        config=(
            ("Env", [_PATH]),
            ("Volumes", {"/data": {}}),
            ("WorkingDir", "/data"),
            ("ExposedPorts", {"6379/tcp": {}}),
            ("Entrypoint", ["docker-entrypoint.sh"]),
            ("Cmd", ["redis-server"]),
        ),
    ),
}
