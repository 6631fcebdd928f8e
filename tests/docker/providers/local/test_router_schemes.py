"""How the router speaks to processes of each scheme: tried against a second Caddy."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from convox.core.clock import SystemClock
from convox.providers.local import certificates
from convox.providers.local.router_image import find_binary
from tests.docker.providers.local.rig import Rig, free_ports, rig

pytestmark = pytest.mark.docker


@dataclass(frozen=True)
class Ports:
    """Where a process answers with the protocol that it was asked in."""

    plain: int
    tls: int


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("schemes")) as made:
        yield made


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    folder = tmp_path_factory.mktemp("process")
    files = certificates.Files(folder / "pki")
    certificates.make(files, "other", ("somebody.else",), SystemClock().now())
    ports = Ports(*free_ports(2))
    (folder / "caddy.json").write_text(json.dumps(_configuration(ports, files)))
    command = [str(find_binary().path), "run", "--config", str(folder / "caddy.json")]
    with subprocess.Popen(
        command, cwd=folder, env={"HOME": str(folder)}, stderr=subprocess.DEVNULL
    ) as caddy:
        _await(ports.tls)
        yield ports
        caddy.kill()


@pytest.mark.parametrize(
    ("scheme", "says"),
    [
        ("http", "http HTTP/1.1"),
        ("https", "https HTTP/1.1 or HTTP/2.0"),
        ("grpc", "http HTTP/2.0"),
        ("secure-grpc", "https HTTP/2.0"),
    ],
)
def test_a_process_is_asked_in_its_scheme(running: Rig, process: Ports, scheme: str, says: str):
    port = process.tls if scheme in ("https", "secure-grpc") else process.plain
    running.serve(scheme, port, scheme=scheme)

    answer = running.get(running.host(scheme))

    word, _, version = answer.body.decode().partition(" ")
    assert answer.status == 200
    assert word == says.partition(" ")[0]
    assert version in says


def _configuration(ports: Ports, files: certificates.Files) -> dict[str, object]:
    body = "{http.request.scheme} {http.request.proto}"
    routes = [{"handle": [{"handler": "static_response", "body": body}]}]
    common = {"automatic_https": {"disable": True}, "routes": routes}
    plain = {"listen": [f":{ports.plain}"], "protocols": ["h1", "h2c"], **common}
    policy = {"default_sni": "somebody.else", "fallback_sni": "somebody.else"}
    tls = {"listen": [f":{ports.tls}"], "tls_connection_policies": [policy], **common}
    pair = {"certificate": str(files.api), "key": str(files.api_key)}
    return {
        "admin": {"disabled": True},
        "apps": {
            "http": {"servers": {"plain": plain, "tls": {**tls, "protocols": ["h1", "h2"]}}},
            "tls": {"certificates": {"load_files": [pair]}},
        },
    }


def _await(port: int) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
