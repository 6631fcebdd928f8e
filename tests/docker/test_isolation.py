"""What a process of an app can open a connection to, tried from inside real containers.

Every try is a plain TCP connect over IPv4 or IPv6; `open` means that something accepted.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from convox.providers.local.containers import Container
from convox.providers.local.layout import LABEL_SERVICE
from tests.docker.conftest import docker
from tests.docker.providers.local.rack_rig import Bench, bench, manifest, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("isolation")]

_CONNECT = """
import json, socket, sys
found = {}
for host, port in json.loads(sys.argv[1]):
    try:
        socket.create_connection((host, port), 1.5).close()
        found[f"{host} {port}"] = "open"
    except OSError as e:
        found[f"{host} {port}"] = type(e).__name__ + " " + str(e)
print(json.dumps(found))
"""
_ASK = """
import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[1], headers={"Host": sys.argv[2]})
try:
    print(urllib.request.urlopen(request, timeout=5).status)
except urllib.error.HTTPError as e:
    print(e.code)
except OSError as e:
    print("none", e)
"""


@dataclass(frozen=True)
class Town:
    """Two apps that run on one rack, and the addresses of this machine."""

    rig: Bench
    one: Container
    two: Container
    gateway: str
    """This machine, in the network of the first app."""
    router: str
    """The router, in the network of the first app."""
    host_addresses: tuple[str, ...]

    def connect(self, *targets: tuple[str, int], source: str = "") -> dict[str, str]:
        """Try to connect from the first app, or a container; target to `open` or the error."""
        words = ["exec", source or self.one.id, "python3", "-c", _CONNECT, json.dumps(targets)]
        found: dict[str, str] = json.loads(docker(*words))
        return found

    def open_ports(self, *targets: tuple[str, int], source: str = "") -> list[str]:
        found = self.connect(*targets, source=source)
        return [target for target, result in found.items() if result == "open"]

    def ask(self, host: str, port: int = 80) -> str:
        url = f"http://{self.router}:{port}/"
        return docker("exec", self.one.id, "python3", "-c", _ASK, url, host)


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Iterator[Town]:
    with bench(tmp_path_factory.mktemp("isolation")) as rig:
        text = json.loads(manifest({"web": {"links": ["web"], "resources": ["cache"]}, "bare": {}}))
        for app in ("one", "two"):
            rig.create(app)
            rig.deploy(app, json.dumps({**text, "resources": {"cache": {"type": "redis"}}}))
        processes = [process_of(rig, app, "web") for app in ("one", "two")]
        cidr = next(n.cidr for n in rig.engine.networks(rig.layout.labels("network", "one")))
        router = rig.engine.containers(rig.layout.labels("router"))[0]
        yield Town(
            rig,
            processes[0],
            processes[1],
            str(ipaddress.ip_network(cidr)[1]),
            router.addresses[rig.layout.network("one")],
            addresses_of_this_machine(),
        )


def process_of(rig: Bench, app: str, service: str) -> Container:
    """The container of a service."""
    found = rig.engine.containers(rig.layout.labels("service", app))
    return next(c for c in found if c.labels[LABEL_SERVICE] == service)


def cache_of(rig: Bench, app: str) -> tuple[str, int]:
    """Where the resource of an app listens."""
    found = rig.engine.containers(rig.layout.labels("resource", app))
    return next(iter(found[0].addresses.values())), 6379


def addresses_of_this_machine() -> tuple[str, ...]:
    """The addresses that a packet to the outside would leave from, of both families."""
    found = []
    for family, outside in ((socket.AF_INET, "192.0.2.200"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((outside, 9))
            except OSError:
                continue
            found.append(probe.getsockname()[0])
    return tuple(found)


@pytest.fixture
def loopback_service() -> Iterator[tuple[int, threading.Event]]:
    """A service of this machine on loopback alone, of both families; tells whether it was met."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = server.getsockname()[1]
        servers = [server]
        six = socket.socket(socket.AF_INET6)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::1", port))
        six.listen()
        servers.append(stack.enter_context(six))
        met, done = threading.Event(), threading.Event()

        def accept(listening: socket.socket) -> None:
            listening.settimeout(0.1)
            while not done.is_set():
                try:
                    listening.accept()[0].close()
                    met.set()
                except TimeoutError:
                    continue

        threads = [threading.Thread(target=accept, args=(each,)) for each in servers]
        for thread in threads:
            thread.start()
        yield port, met
        done.set()
        for thread in threads:
            thread.join()


def test_a_process_reaches_itself_and_its_links(town: Town):
    """Without this, the tests below would also pass for a container without any network."""
    own = town.one.addresses[town.rig.layout.network("one")]

    assert town.open_ports((own, 3000), (town.router, 80)) == [
        f"{own} 3000", f"{town.router} 80",
    ]  # fmt: skip
    assert town.ask(town.rig.layout.link_host("one", "web")) == "200"


def test_the_service_of_another_app_cannot_be_connected_to(town: Town):
    other = town.two.addresses[town.rig.layout.network("two")]
    name = town.two.name

    assert town.open_ports((other, 3000), (name, 3000), (town.two.pid, 3000)) == []


def test_a_resource_is_reached_by_the_services_that_list_it_alone(town: Town):
    cache, other = cache_of(town.rig, "one"), cache_of(town.rig, "two")
    bare = process_of(town.rig, "one", "bare").id

    assert town.open_ports(cache, other) == [f"{cache[0]} {cache[1]}"]
    assert town.open_ports(cache, other, source=bare) == []


@pytest.mark.parametrize("make", ["link_host", "host"])
def test_the_router_answers_no_name_of_another_app_inside(town: Town, make):
    host = getattr(town.rig.layout, make)("two", "web")

    assert town.ask(host) == "404"


def test_the_router_listens_inside_an_app_for_links_alone(town: Town):
    options = town.rig.options
    ports = {443, 2019, 5443, 8080, options.port, options.http_port, options.api_port}
    own = str(ipaddress.ip_network(options.router_subnet)[2])
    networks = [town.router, own]

    found = town.open_ports(*((address, port) for address in networks for port in sorted(ports)))

    assert found == []
    assert town.open_ports((own, 80)) == []


def test_the_racks_ports_are_closed_at_every_address_of_this_machine(town: Town):
    options = town.rig.options
    ports = (options.port, options.http_port, options.api_port)
    addresses = (town.gateway, *town.host_addresses, "::1", "127.0.0.1")

    assert town.open_ports(*((address, port) for address in addresses for port in ports)) == []


def test_services_of_this_machines_loopback_are_out_of_reach(town: Town, loopback_service):
    port, met = loopback_service
    router_gateway = str(ipaddress.ip_network(town.rig.options.router_subnet)[1])
    mapped = f"::ffff:{town.gateway}"
    addresses = (town.gateway, router_gateway, mapped, "::1", "127.0.0.1", *town.host_addresses)

    found = town.connect(*((address, port) for address in addresses))

    assert [target for target, result in found.items() if result == "open"] == []
    time.sleep(0.2)
    assert not met.is_set()
    with socket.create_connection(("127.0.0.1", port), 1):
        wait_for(met.is_set, 2)


def test_an_app_has_no_ipv6_way_to_anybody(town: Town):
    """The engine gives its networks no IPv6; link-local addresses of bridges would be one."""
    lines = docker("exec", town.one.id, "cat", "/proc/net/if_inet6", check=False).splitlines()

    assert [line for line in lines if not line.endswith(" lo")] == []


def test_docker_is_out_of_reach(town: Town):
    found = town.open_ports(
        *((address, port) for address in (town.gateway, *town.host_addresses)
          for port in (2375, 2376, 2377, 4243))
    )  # fmt: skip
    sockets = docker("exec", town.one.id, "sh", "-c", "find / -xdev -name '*.sock' -type s")

    assert found == []
    assert sockets == ""
    assert "docker" not in docker("exec", town.one.id, "cat", "/proc/mounts").replace(
        "/docker/containers/", ""
    ).replace("/var/lib/docker", "")


def test_a_process_may_not_add_a_route_or_send_raw_packets(town: Town):
    """With either it could reach what its network's bridge reaches."""
    raw = "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"
    route = (
        "import fcntl, socket, struct\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "name = struct.pack('16sH14s', b'eth0', 0, b'')\n"
        "fcntl.ioctl(s, 0x8914, name)"
    )

    for code in (raw, route):
        tried = f"try:\n {_indented(code)}\n print('did')\n"
        script = f"{tried}except PermissionError:\n print('refused')"
        assert docker("exec", town.one.id, "python3", "-c", script) == "refused"


def _indented(code: str) -> str:
    return code.replace("\n", "\n ")
