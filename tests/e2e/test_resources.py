"""Resources as a person has them: made, reached, kept, dumped, restored, deleted."""

import json
import socket
import struct
import subprocess
import uuid
from collections.abc import Callable
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench.harness import CONVOX, BenchRack, free_port, wait_for
from tests.e2e.harness import Cli, write_app

pytestmark = pytest.mark.docker

RESOURCES = """
  db:
    type: postgres
    options: {OPTIONS}
  cache:
    type: redis
"""
SERVICES = """
services:
  web:
    port: 3000
    resources: [RESOURCES]
    health: {grace: 2, interval: 1, timeout: 1}
    drain: 1
  alone:
    command: sleep 3600
    environment: ["DB_URL="]
    termination: {grace: 1}
"""

Deploy = Callable[..., str]


@pytest.fixture(scope="module")
def app(e2e_rack: BenchRack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app with postgres and redis, made once for all tests here."""
    name = f"d{uuid.uuid4().hex[:6]}"
    cli = Cli(e2e_rack, tmp_path_factory.mktemp("app"))
    cli.ok("apps", "create", name, "--wait")
    deploy(cli, name)
    return name


def manifest(resources: str = RESOURCES, listed: str = "db, cache", options: str = "{}") -> str:
    head = f"resources:{resources}" if resources else ""
    return (head + SERVICES).replace("RESOURCES", listed).replace("{OPTIONS}", options)


def deploy(cli: Cli, app: str, text: str = "") -> str:
    source = write_app(cli.cwd / "source", "hello", manifest=text or manifest())
    return cli.ok("deploy", str(source), "-a", app, "--wait")


def inside(rack: BenchRack, app: str, resource: str, *command: str) -> str:
    """Run a command in a resource's container, as its engine's owner can."""
    name = f"convox.{rack.name}.{app}.resource.{resource}.0"
    done = subprocess.run(
        ["docker", "exec", name, *command], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def sql(rack: BenchRack, app: str, query: str) -> str:
    return inside(rack, app, "db", "psql", "-X", "-q", "-U", "app", "-At", "-c", query, "app")


def env_of(cli: Cli, app: str, service: str) -> dict[str, str]:
    out = cli.ok("run", service, "env", "-a", app)
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


@contextmanager
def proxied(cli: Cli, app: str, resource: str):
    port = free_port()
    command = [str(CONVOX), "resources", "proxy", resource, "-p", str(port), "-a", app]
    process = subprocess.Popen(
        command, env=cli.rack.env, cwd=cli.cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert process.stdout is not None
        assert b"proxying localhost" in process.stdout.readline()
        yield port
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_the_listing_shows_every_resource_with_its_address(cli: Cli, app: str):
    rows = [line.split() for line in cli.ok("resources", "-a", app).splitlines()]

    assert rows[0] == ["NAME", "TYPE", "URL"]
    assert [row[:2] for row in rows[1:]] == [["cache", "redis"], ["db", "postgres"]]
    assert rows[2][2] == cli.ok("resources", "url", "db", "-a", app).strip()
    assert "postgres" in cli.ok("resources", "info", "db", "-a", app)


def test_a_service_gets_the_parts_of_what_it_lists_and_no_other_does(cli: Cli, app: str):
    web, alone = env_of(cli, app, "web"), env_of(cli, app, "alone")

    url = cli.ok("resources", "url", "db", "-a", app).strip()
    assert web["DB_URL"] == url
    assert url == (
        f"postgres://{web['DB_USER']}:{web['DB_PASS']}@{web['DB_HOST']}:{web['DB_PORT']}"
        f"/{web['DB_NAME']}"
    )
    assert web["DB_PASS"].isalnum()
    assert len(web["DB_PASS"]) >= 30
    assert web["CACHE_URL"] == f"redis://{web['CACHE_HOST']}:6379/0"
    assert alone["DB_URL"] == ""
    assert "CACHE_URL" not in alone


_REACH = (
    "python3 -c \"import socket; socket.create_connection(('HOST', 5432), 2); print('reached')\""
)


def test_only_a_service_that_lists_a_resource_reaches_it(cli: Cli, app: str):
    host = env_of(cli, app, "web")["DB_HOST"]
    address = json.loads(
        subprocess.run(
            ["docker", "inspect", f"convox.{cli.rack.name}.{app}.resource.db.0"],
            capture_output=True,
            check=True,
        ).stdout
    )[0]["NetworkSettings"]["Networks"][f"convox.{cli.rack.name}.{app}.db"]["IPAddress"]

    assert "reached" in cli.ok("run", "web", _REACH.replace("HOST", host), "-a", app)
    for place in (host, address):
        refused = cli("run", "alone", _REACH.replace("HOST", place), "-a", app)
        assert refused.exit != 0
        assert "reached" not in refused.out


def test_a_resource_is_reached_from_here_through_the_proxy(cli: Cli, app: str):
    words = b"user\0app\0database\0app\0\0"
    with (
        proxied(cli, app, "db") as port,
        closing(socket.create_connection(("localhost", port))) as s,
    ):
        s.sendall(struct.pack(">II", 8 + len(words), 3 << 16) + words)
        assert s.recv(1) == b"R"
    with (
        proxied(cli, app, "cache") as port,
        closing(socket.create_connection(("localhost", port))) as s,
    ):
        s.sendall(b"PING\r\n")
        assert s.recv(100) == b"+PONG\r\n"


def test_the_proxy_leads_nowhere_else(cli: Cli):
    port = free_port()
    command = [str(CONVOX), "proxy", f"{port}:127.0.0.1:22"]
    with subprocess.Popen(
        command, env=cli.rack.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with closing(socket.create_connection(("localhost", port))) as s:
            answer = s.recv(200)
        process.kill()
    assert answer.startswith(b"ERROR: host not found: 127.0.0.1")


def test_a_dump_brings_back_what_was_destroyed(cli: Cli, app: str, tmp_path: Path):
    sql(cli.rack, app, "create table t (id int primary key, word text)")
    sql(cli.rack, app, "insert into t select n, 'word ' || n from generate_series(1, 1000) n")
    inside(cli.rack, app, "cache", "redis-cli", "set", "answer", "42")
    for name in ("db", "cache"):
        cli.ok("resources", "export", name, "-f", str(tmp_path / name), "-a", app)

    sql(cli.rack, app, "drop table t; create table later (id int)")
    inside(cli.rack, app, "cache", "redis-cli", "flushall")
    for name in ("db", "cache"):
        cli.ok("resources", "import", name, "-f", str(tmp_path / name), "-a", app)

    assert sql(cli.rack, app, "select count(*), max(word) from t") == "1000|word 999"
    assert sql(cli.rack, app, "select count(*) from pg_tables where tablename = 'later'") == "0"
    assert inside(cli.rack, app, "cache", "redis-cli", "get", "answer") == "42"


def test_a_dump_that_is_wrong_changes_nothing(cli: Cli, app: str, tmp_path: Path):
    sql(cli.rack, app, "create table if not exists safe (id int); insert into safe values (7)")
    inside(cli.rack, app, "cache", "redis-cli", "set", "safe", "7")
    for name in ("db", "cache"):
        cli.ok("resources", "export", name, "-f", str(tmp_path / name), "-a", app)
    dump = (tmp_path / "db").read_bytes()
    wrong = [
        ("db", (tmp_path / "cache").read_bytes(), "this is a dump of redis, and db is a postgres"),
        ("cache", dump, "this is a dump of postgres, and cache is a redis"),
        ("db", dump[: len(dump) // 2], "cut off"),
        ("db", b"create table half (id int); nonsense;", "syntax error"),
        ("db", b"", "the dump is empty"),
        ("cache", (tmp_path / "cache").read_bytes()[:40], "cache does not take the dump"),
    ]
    for name, body, words in wrong:
        refused = cli("resources", "import", name, "-a", app, stdin=body)
        assert refused.exit != 0
        assert words in refused.err

    assert sql(cli.rack, app, "select id from safe limit 1") == "7"
    assert sql(cli.rack, app, "select count(*) from pg_tables where tablename = 'half'") == "0"
    assert inside(cli.rack, app, "cache", "redis-cli", "get", "safe") == "7"


def test_a_version_that_cannot_read_the_data_is_refused_with_the_way_out(cli: Cli, app: str):
    text = manifest(options='{version: "16"}')
    source = write_app(cli.cwd / "source", "hello", manifest=text)

    refused = cli("deploy", str(source), "-a", app, "--wait")

    assert refused.exit != 0
    assert "db holds data of postgres 15, which postgres 16 does not read" in refused.err
    assert "convox resources export db" in refused.err
    assert cli.rack.get(app)[0] == 200
    assert sql(cli.rack, app, "show server_version").startswith("15")


@pytest.mark.parametrize(
    ("options", "words"),
    [("{size: 3}", "storage"), ('{class: "huge"}', "db.t3.micro"), ("{storage: lots}", "number")],
)
def test_an_option_that_cannot_be_is_refused_with_the_valid_ones(
    cli: Cli, app: str, options: str, words: str
):
    source = write_app(cli.cwd / "source", "hello", manifest=manifest(options=options))

    refused = cli("deploy", str(source), "-a", app, "--wait")

    assert refused.exit != 0
    assert "resource db" in refused.err
    assert words in refused.err
    assert cli.rack.get(app)[0] == 200


def test_a_resource_that_never_gets_well_leaves_the_old_release_serving(cli: Cli, app: str):
    # An image that is here and is no database.
    subprocess.run(["docker", "tag", "redis:7", "memcached:0.0.1-broken"], check=True)
    extra = RESOURCES + "  ill:\n    type: memcached\n    options: {version: 0.0.1-broken}\n"
    source = write_app(cli.cwd / "source", "hello", manifest=manifest(extra, "db, ill"))
    try:
        failed = cli("deploy", str(source), "-a", app, "--wait")
    finally:
        subprocess.run(["docker", "rmi", "memcached:0.0.1-broken"], check=True)

    assert failed.exit != 0
    assert "resource ill" in failed.out + failed.err
    assert cli.rack.get(app)[0] == 200
    assert sql(cli.rack, app, "select 1") == "1"


def test_a_killed_resource_comes_back_with_what_was_acknowledged(cli: Cli, app: str):
    sql(cli.rack, app, "create table if not exists kept (id int); insert into kept values (1)")
    name = f"convox.{cli.rack.name}.{app}.resource.db.0"

    subprocess.run(["docker", "kill", name], check=True, capture_output=True)
    wait_for(lambda: "1" in _try_sql(cli.rack, app, "select count(*) from kept"), 30)
    subprocess.run(["docker", "rm", "-fv", name], check=True, capture_output=True)
    wait_for(lambda: "1" in _try_sql(cli.rack, app, "select count(*) from kept"), 30)


def _try_sql(rack: BenchRack, app: str, query: str) -> str:
    try:
        return sql(rack, app, query)
    except subprocess.CalledProcessError:
        return ""


def test_the_password_is_in_no_log(cli: Cli, app: str):
    password = env_of(cli, app, "web")["DB_PASS"]

    kept = [path for path in cli.rack.folder.rglob("*") if path.is_file() and "log" in str(path)]
    assert kept
    assert not [path for path in kept if password.encode() in path.read_bytes()]
    assert (
        password
        not in subprocess.run(
            ["ps", "-eo", "args"], capture_output=True, check=True, text=True
        ).stdout
    )


def test_one_dropped_is_kept_and_told_and_goes_when_its_name_is_typed(cli: Cli, app: str):
    in_use = cli("resources", "delete", "cache", "-a", app, stdin=b"cache\n")
    assert in_use.exit != 0
    assert "in use" in in_use.err
    inside(cli.rack, app, "cache", "redis-cli", "set", "kept", "yes")

    out = deploy(cli, app, manifest(RESOURCES.split("  cache", maxsplit=1)[0], "db"))

    assert "resource cache is in convox.yml no more: it is kept with its data" in out
    assert inside(cli.rack, app, "cache", "redis-cli", "get", "kept") == "yes"
    assert "cache" in cli.ok("resources", "-a", app)
    mistyped = cli("resources", "delete", "cache", "-a", app, stdin=b"cash\n")
    assert mistyped.exit != 0
    assert inside(cli.rack, app, "cache", "redis-cli", "get", "kept") == "yes"

    cli.ok("resources", "delete", "cache", "-a", app, stdin=b"cache\n")

    assert "cache  redis" not in cli.ok("resources", "-a", app)
    left = subprocess.run(
        ["docker", "volume", "ls", "-q", "--filter", f"name=convox.{cli.rack.name}.{app}.resource"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert left == [f"convox.{cli.rack.name}.{app}.resource.db"]


def test_an_app_that_is_deleted_takes_its_resources_along(cli: Cli, app: str):
    cli.ok("apps", "delete", app, "--wait")

    prefix = f"name=convox.{cli.rack.name}.{app}."
    for kind in ("ps -a", "volume ls", "network ls"):
        listed = subprocess.run(
            ["docker", *kind.split(), "-q", "--filter", prefix], capture_output=True, check=True
        )
        assert listed.stdout == b""
