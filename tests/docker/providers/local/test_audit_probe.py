"""The container that tries: what it says of what it dialled."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from convox.core.clock import SystemClock
from convox.providers.local.audit_probe import Probe, probe
from tests.docker.providers.local.rig import Rig, rig

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("audit-probe")]


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("probe"), prefix="ap") as made:
        yield made


@pytest.fixture(scope="module")
def made(running: Rig) -> Iterator[Probe]:
    engine, layout = running.engine, running.layout
    engine.network_create(layout.network("app"), "", layout.labels("network", "app"))
    image = engine.containers(layout.labels("router"))[0].image
    with probe(engine, layout, "app", image, SystemClock()) as started:
        yield started


def gateway(running: Rig) -> str:
    name = running.layout.network("app")
    networks = running.engine.networks(running.layout.labels("network", "app"))
    cidr = next(network.cidr for network in networks if network.name == name)
    return cidr.rsplit(".", 1)[0] + ".1"


def test_what_refuses_is_closed_and_its_error_is_told(made: Probe):
    is_open, said = made.reach("127.0.0.1:1")

    assert not is_open
    assert "connection refused" in said


def test_what_does_not_answer_is_closed(running: Rig, made: Probe):
    router = running.engine.inspect(running.router.container_id)

    is_open, said = made.reach(f"{router.addresses[running.router.network]}:443")

    assert not is_open, said


def test_ipv6_is_tried_as_well(made: Probe):
    is_open, said = made.reach("[::1]:8998")

    assert not is_open
    assert "dial tcp" in said


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 204 No\r\n\r\n"])
def test_what_accepts_is_open_whatever_it_says(running: Rig, made: Probe, answer):
    with socket.create_server(("0.0.0.0", 0)) as server:

        def accept() -> None:
            peer, _ = server.accept()
            peer.recv(4096)
            peer.sendall(answer)
            peer.close()

        thread = threading.Thread(target=accept)
        thread.start()
        is_open, _ = made.reach(f"{gateway(running)}:{server.getsockname()[1]}")
        thread.join(10)

    assert is_open
