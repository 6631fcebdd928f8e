"""The other types of resources, on real servers: MariaDB for MySQL's kind, and memcached."""

import socket
import subprocess
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from bench.harness import BenchRack
from tests.e2e.harness import Cli, write_app

pytestmark = pytest.mark.docker

MANIFEST = """
resources:
  store:
    type: mariadb
    options: {version: "10.11", class: db.t3.small}
  memo:
    type: memcached
services:
  web:
    port: 3000
    resources: [store, memo]
    health: {grace: 2, interval: 1, timeout: 1}
    drain: 1
"""

REACH = """
import os, socket

def reach(name):
    place = os.environ[name + "_HOST"], int(os.environ[name + "_PORT"])
    return socket.create_connection(place, 3)

memo = reach("MEMO")
memo.sendall(b"version\\r\\n")
print(memo.recv(100))
print(reach("STORE").recv(100)[4:5])
"""


@pytest.fixture(scope="module")
def app(e2e_rack: BenchRack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app with both, made once."""
    name = f"t{uuid.uuid4().hex[:6]}"
    cli = Cli(e2e_rack, tmp_path_factory.mktemp("app"))
    cli.ok("apps", "create", name, "--wait")
    source = write_app(cli.cwd / "source", "hello", manifest=MANIFEST)
    (source / "reach.py").write_text(REACH)
    cli.ok("deploy", str(source), "-a", name, "--wait", timeout_s=180)
    return name


def sql(rack: BenchRack, app: str, query: str, database: str = "app") -> str:
    """Run a query as the app's own user, over TCP."""
    name = f"convox.{rack.name}.{app}.resource.store.0"
    script = f'MYSQL_PWD="$MYSQL_PASSWORD" mariadb -h127.0.0.1 -uapp -N -e "{query}" {database}'
    done = subprocess.run(
        ["docker", "exec", name, "sh", "-c", script], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def test_both_have_the_incumbents_addresses(cli: Cli, app: str):
    store = cli.ok("resources", "url", "store", "-a", app).strip()
    memo = cli.ok("resources", "url", "memo", "-a", app).strip()

    assert store.startswith("mysql://app:")
    assert store.endswith(f"@store.resource.{app}.{cli.rack.name}.convox:3306/app")
    assert memo == f"memo.resource.{app}.{cli.rack.name}.convox:11211"


def test_a_service_reaches_both_by_name(cli: Cli, app: str):
    out = cli.ok("run", "web", "python3 reach.py", "-a", app)

    assert "VERSION 1.6" in out
    assert r"b'\n'" in out


def test_a_dump_of_mysqls_kind_brings_back_what_was_destroyed(cli: Cli, app: str, tmp_path: Path):
    sql(cli.rack, app, "create table t (id int); insert into t values (1), (2), (3)")
    dump = tmp_path / "store.sql"
    cli.ok("resources", "export", "store", "-f", str(dump), "-a", app)
    assert dump.read_bytes().rstrip().splitlines()[-1].startswith(b"-- Dump completed")

    sql(cli.rack, app, "drop table t; create table later (id int)")
    cli.ok("resources", "import", "store", "-f", str(dump), "-a", app)

    assert sql(cli.rack, app, "select sum(id) from t") == "6"
    assert sql(cli.rack, app, "show tables") == "t"


def test_a_dump_that_is_refused_leaves_mysqls_kind_as_it_was(cli: Cli, app: str):
    sql(cli.rack, app, "create table if not exists safe (id int)")

    for body in (b"create table half (id int); nonsense;", b"-- MariaDB dump 10.19\ncreate"):
        refused = cli("resources", "import", "store", "-a", app, stdin=body)
        assert refused.exit != 0

    assert "safe" in sql(cli.rack, app, "show tables").splitlines()
    assert "half" not in sql(cli.rack, app, "show tables").splitlines()
    assert "app_import" not in sql(cli.rack, app, "show databases")


def test_health_checks_do_not_lock_the_rack_out(cli: Cli, app: str):
    url = cli.ok("resources", "url", "store", "-a", app).strip()
    network = f"convox.{cli.rack.name}.{app}.store"
    form = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
    address = subprocess.run(
        ["docker", "inspect", "-f", form, f"convox.{cli.rack.name}.{app}.resource.store.0"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    assert url

    for _ in range(150):
        with closing(socket.create_connection((address, 3306), timeout=5)) as connection:
            greeting = connection.recv(100)

    assert greeting[4:5] == b"\n"


def test_what_keeps_no_data_has_no_dump(cli: Cli, app: str):
    refused = cli("resources", "export", "memo", "-f", str(cli.cwd / "memo"), "-a", app)

    assert refused.exit != 0
    assert "keeps no data" in refused.err
    assert not (cli.cwd / "memo").exists()
