"""Links between services go through the router, inside the networks of apps and nowhere else."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

import pytest

from convox.providers.local.layout import LABEL_RACK
from tests.docker.providers.local.rig import Rig, rig
from tests.docker.providers.local.upstreams import Client

pytestmark = pytest.mark.docker

_ECHO = """
import socket, threading
server = socket.create_server(("", 3000))
def talk(peer):
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        head += peer.recv(4096)
    if b"upgrade" in head.lower():
        peer.sendall(b"HTTP/1.1 101 On\\r\\nConnection: Upgrade\\r\\nUpgrade: raw\\r\\n\\r\\n")
        while data := peer.recv(4096):
            peer.sendall(data)
    else:
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello")
while True:
    threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()
"""
_ASK = """
import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[1], headers={"Host": sys.argv[2]})
try:
    print(urllib.request.urlopen(request, timeout=5).read().decode())
except urllib.error.HTTPError as e:
    print(e.code)
except OSError as e:
    print("none")
"""


@dataclass(frozen=True)
class App:
    """An app's network with one process in it."""

    name: str
    network: str
    cidr: str
    container: str
    address: str


@dataclass(frozen=True)
class Two:
    """Two apps of one rack."""

    rig: Rig
    a: App
    b: App

    def link(self, app: App) -> str:
        return self.rig.layout.link_host(app.name, "web")

    def router_in(self, app: App) -> str:
        inspected = self.rig.engine.inspect(self.rig.router.container_id)
        return inspected.addresses[app.network]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with rig(tmp_path_factory.mktemp("links")) as running:
        subnets = IPv4Network(running.options.cidr).subnets(new_prefix=26)
        apps = [_app(running, name, str(next(subnets))) for name in ("aa", "bb")]
        made = Two(running, *apps)
        for app in apps:
            running.router.join(app.network, (made.link(app),))
            hosts = (running.host(app.name), made.link(app))
            upstream = f"{app.address}:3000"
            running.serve(app.name, hosts=hosts, upstreams=(upstream,), sources=(app.cidr,))
        yield made


def test_a_service_reaches_another_of_its_app_by_name(two: Two):
    assert ask(two.a, f"http://{two.link(two.a)}/") == "hello"


def test_the_name_of_another_app_is_not_known(two: Two):
    assert ask(two.a, f"http://{two.link(two.b)}/") == "none"


def test_the_link_of_another_app_is_not_served_to_whoever_claims_its_name(two: Two):
    router = f"http://{two.router_in(two.a)}/"

    assert ask(two.a, router, host=two.link(two.a)) == "hello"
    assert ask(two.a, router, host=two.link(two.b)) == "404"


def test_links_are_as_closed_after_a_reload(two: Two):
    two.rig.serve("reload", 1, hosts=("links.example.test",))
    router = f"http://{two.router_in(two.a)}/"

    assert ask(two.a, router, host=two.link(two.a)) == "hello"
    assert ask(two.a, router, host=two.link(two.b)) == "404"


@pytest.mark.parametrize("port", ["port", "http_port"])
def test_links_are_not_served_outside(two: Two, port: str):
    link = two.link(two.a)
    if port == "port":
        context = two.rig.verified
        client = Client(two.rig.host("aa"), two.rig.options.port, context)
        status = client.ask(Host=link).status
    else:
        client = http.client.HTTPConnection("127.0.0.1", two.rig.options.http_port, timeout=5)
        client.request("GET", "/", headers={"Host": link})
        status = client.getresponse().status
    client.close()

    assert status == (404 if port == "port" else 308)


def test_a_stream_outlives_a_new_name_in_its_network(two: Two):
    client = two.rig.client(two.rig.host("aa"))
    client.request("GET", "/", headers={"Connection": "Upgrade", "Upgrade": "raw"})
    client.sock.settimeout(10)
    head = client.sock.recv(4096)
    client.sock.sendall(b"before")
    before = exactly(client.sock, 6)

    two.rig.router.join(two.a.network, (two.link(two.a), "extra.aa.convox"))
    client.sock.sendall(b"after")
    after = exactly(client.sock, 5)
    client.close()

    assert head.startswith(b"HTTP/1.1 101")
    assert (before, after) == (b"before", b"after")
    assert ask(two.a, "http://extra.aa.convox/") == "404"


def test_joining_again_changes_nothing(two: Two):
    before = two.router_in(two.b)

    two.rig.router.join(two.b.network, (two.link(two.b),))

    assert two.router_in(two.b) == before
    assert ask(two.b, f"http://{two.link(two.b)}/") == "hello"


def test_links_work_after_the_router_was_replaced(two: Two):
    two.rig.engine.remove(two.rig.router.container_id)

    two.rig.router.ensure()

    assert ask(two.a, f"http://{two.link(two.a)}/") == "hello"
    assert ask(two.a, f"http://{two.router_in(two.a)}/", host=two.link(two.b)) == "404"


def exactly(sock: socket.socket, size: int) -> bytes:
    """Read so many bytes, in however many pieces they come."""
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data


def ask(app: App, url: str, host: str = "") -> str:
    """Ask from inside an app's container."""
    host = host or url.split("/")[2]
    return _docker("exec", app.container, "python3", "-c", _ASK, url, host)


def _app(running: Rig, name: str, cidr: str) -> App:
    network = running.layout.network(name)
    running.engine.network_create(network, cidr, running.layout.labels("network", name))
    container = _docker(
        "run", "-d", "--network", network, "--label", f"{LABEL_RACK}={running.layout.rack}",
        "python:3.11-slim", "python3", "-u", "-c", _ECHO,
    )  # fmt: skip
    address = running.engine.inspect(container).addresses[network]
    deadline = time.monotonic() + 10
    while "0BB8" not in _docker("exec", container, "cat", "/proc/net/tcp"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return App(name, network, cidr, container, address)


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
