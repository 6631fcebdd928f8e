import socket
from pathlib import Path
from threading import Thread

import pytest

from convox.core.clock import SystemClock
from convox.core.errors import InvalidError, NotFoundError, UnavailableError
from convox.providers.local.containers import Container
from convox.providers.local.layout import LABEL_RESOURCE, Layout
from convox.providers.local.store import open_store
from convox.providers.local.tunnels import Tunnels

HOST = "db.resource.shop.dev.convox"


class Engine:
    """Containers, by labels."""

    def __init__(self, *containers: Container) -> None:
        self.all = containers

    def containers(self, labels, *, all=True):
        return [c for c in self.all if labels.items() <= c.labels.items()]


class Person:
    """A stream whose client sends one thing and listens."""

    def __init__(self, *sent: bytes) -> None:
        self.sent = list(sent)
        self.heard = b""
        self.gone = False

    def read(self) -> bytes:
        return self.sent.pop(0) if self.sent else b""

    def write(self, data: bytes) -> None:
        self.heard += data

    def close(self) -> None:
        self.gone = True


def container(layout: Layout, kind: str, address: str, **labels: str) -> Container:
    return Container(
        id="c1",
        name="c",
        image="i",
        labels={**layout.labels(kind, "shop"), **labels},
        status="running",
        addresses={"convox.dev.shop.db": address},
    )


@pytest.fixture
def world(tmp_path):
    layout = Layout(Path(tmp_path), "dev")
    store = open_store(tmp_path / "rack.db", SystemClock())
    store.apps.insert("shop", "2")
    store.resources.ensure("shop", "db", "postgres", "x")
    dialled = []

    def tunnels(*containers: Container, server=None) -> Tunnels:
        def dial(place, _timeout):
            dialled.append(place)
            if server is None:
                raise ConnectionRefusedError(111, "Connection refused")
            return server

        return Tunnels(Engine(*containers), store, layout, dial)

    return layout, tunnels, dialled


def test_the_host_of_a_resource_leads_to_its_container(world):
    layout, tunnels, dialled = world
    near, far = socket.socketpair()
    db = container(layout, "resource", "10.0.0.2", **{LABEL_RESOURCE: "db"})
    person = Person(b"hello")

    def serve() -> None:
        far.sendall(b"got " + far.recv(100))
        far.close()

    thread = Thread(target=serve)
    thread.start()
    tunnels(db, server=near).proxy(HOST.upper(), "5432", person)
    thread.join()

    assert dialled == [("10.0.0.2", 5432)]
    assert person.heard == b"got hello"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "example.org", "10.0.0.9", "::1"]
)
def test_nothing_but_the_racks_own_is_reached(world, host: str):
    layout, tunnels, dialled = world
    db = container(layout, "resource", "10.0.0.2", **{LABEL_RESOURCE: "db"})

    with pytest.raises(NotFoundError, match="host not found"):
        tunnels(db).proxy(host, "5432", Person())
    assert dialled == []


def test_the_router_is_not_reached_either(world):
    layout, tunnels, _ = world

    with pytest.raises(NotFoundError):
        tunnels(container(layout, "router", "10.0.0.3")).proxy("10.0.0.3", "2019", Person())


def test_a_process_is_reached_by_its_address(world):
    layout, tunnels, dialled = world

    with pytest.raises(UnavailableError, match=r"cannot connect to 10\.0\.0\.4:80"):
        tunnels(container(layout, "service", "10.0.0.4")).proxy("10.0.0.4", "80", Person())
    assert dialled == [("10.0.0.4", 80)]


def test_a_resource_that_does_not_run_is_named(world):
    _, tunnels, _ = world

    with pytest.raises(UnavailableError, match="resource db of shop does not run"):
        tunnels().proxy(HOST, "5432", Person())


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "1e3", ""])
def test_a_port_that_is_none_is_refused(world, port: str):
    _, tunnels, _ = world

    with pytest.raises(InvalidError, match="invalid port"):
        tunnels().proxy(HOST, port, Person())
