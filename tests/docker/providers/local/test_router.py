"""The router against a real engine and a real Caddy: routes, streams, switches, certificates."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from convox.core.clock import SystemClock
from convox.core.errors import FailedError
from convox.providers.local.router import Router
from tests.docker.providers.local.rig import Rig, rig
from tests.docker.providers.local.upstreams import Client, Upstream, echo, upstream

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("router")) as made:
        yield made


@pytest.fixture
def one() -> Iterator[Upstream]:
    with upstream("one") as server:
        yield server


@pytest.fixture
def two() -> Iterator[Upstream]:
    with upstream("two") as server:
        yield server


@contextmanager
def websocket(running: Rig, host: str) -> Iterator[ClientConnection]:
    raw = socket.create_connection(("127.0.0.1", running.options.port), 10)
    with connect(f"wss://{host}/", sock=raw, ssl=running.verified) as connection:
        yield connection


def says(connection: ClientConnection, text: str) -> bool:
    connection.send(text)
    return connection.recv(timeout=5) == text


def wait_for(check: Callable[[], bool], limit_s: float = 10) -> bool:
    deadline = time.monotonic() + limit_s
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_new_host_answers_at_once_with_a_certificate_of_the_rack(running: Rig, one: Upstream):
    running.serve("fresh", one.port)

    assert running.get(running.host("fresh")).json["name"] == "one"


def test_a_host_that_nobody_has_is_404_with_a_sentence(running: Rig):
    answer = running.get(running.host("nobody"))

    assert answer.status == 404
    assert answer.body.decode() == f"no app answers at {running.host('nobody')}\n"


def test_a_service_without_a_process_is_503_with_its_name(running: Rig):
    running.serve("empty")

    answer = running.get(running.host("empty"))

    assert (answer.status, answer.body) == (503, b"empty/web has no running process\n")


def test_a_withdrawn_app_is_404(running: Rig, one: Upstream):
    running.serve("brief", one.port)

    running.router.withdraw("brief")

    assert running.get(running.host("brief")).status == 404


def test_plain_http_is_sent_to_https_with_the_port(running: Rig):
    connection = http.client.HTTPConnection("127.0.0.1", running.options.http_port, timeout=5)
    connection.request("GET", "/a?b=c", headers={"Host": f"x-web.{running.layout.rack}.localhost"})
    answer = connection.getresponse()
    connection.close()

    host = f"x-web.{running.layout.rack}.localhost:{running.options.port}"
    assert answer.status == 308
    assert answer.getheader("Location") == f"https://{host}/a?b=c"


def test_forwarded_headers_are_the_routers_own(running: Rig, one: Upstream):
    running.serve("forward", one.port)
    forged = {"X_Forwarded_For": "1.2.3.4", "X_Forwarded_Proto": "gopher", "X_Forwarded_Port": "9"}

    headers = running.get(running.host("forward"), **forged).json["headers"]

    assert isinstance(headers, dict)
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-port"] == str(running.options.port)
    assert headers["x-forwarded-for"] == running.gateway


def test_http_2_carries_a_request(running: Rig, one: Upstream):
    running.serve("two", one.port)
    host = running.host("two")

    status, body = _ask_h2(running, host)

    assert status == 200
    assert b'"name": "one"' in body


def test_a_websocket_outlives_ten_publishes(running: Rig, one: Upstream, two: Upstream):
    with echo() as port:
        running.serve("socket", port)
        with websocket(running, running.host("socket")) as connection:
            assert says(connection, "before")

            for number in range(10):
                hosts = (running.host("other", f"s{number}"),)
                running.serve("other", one.port, two.port, hosts=hosts)
                running.serve("socket", port, one.port)

            assert says(connection, "after")
            running.router.withdraw("socket")
            assert says(connection, "withdrawn")


def test_events_arrive_while_the_answer_goes_on(running: Rig, one: Upstream):
    running.serve("events", one.port)
    client = running.client(running.host("events"))
    client.request("GET", "/events")
    answer = client.getresponse()

    assert answer.readline() == b"data: first\n"

    one.go.set()
    assert answer.read() == b"\ndata: second\n\n"
    client.close()


def test_a_process_learns_that_the_client_of_a_stream_has_left(running: Rig, one: Upstream):
    running.serve("left", one.port)
    client = running.client(running.host("left"))
    client.request("GET", "/events")
    answer = client.getresponse()
    answer.readline()

    answer.close()
    client.close()

    assert one.gone.wait(10)


def test_a_body_of_100_mb_passes(running: Rig, one: Upstream):
    running.serve("big", one.port)
    client = running.client(running.host("big"), timeout_s=60)
    size = 100 * 1000 * 1000
    pieces = (b"x" * 1_000_000 for _ in range(100))

    answer = client.ask("/", "POST", pieces, Content_Length=str(size))
    client.close()

    assert answer.json == {"name": "one", "bytes": size}


def test_an_answer_in_flight_at_the_switch_finishes(running: Rig, one: Upstream, two: Upstream):
    running.serve("flight", one.port)
    host = running.host("flight")
    slow = running.client(host, timeout_s=30)
    slow.request("GET", "/hold")
    assert one.holding.wait(5)

    running.serve("flight", two.port)
    running.serve("flight-too", two.port)
    after = running.get(host).json["name"]
    one.go.set()
    answer = slow.getresponse()

    assert (after, answer.status) == ("two", 200)
    assert b'"name": "one"' in answer.read()
    slow.close()


def test_no_request_fails_while_routes_change(running: Rig, one: Upstream, two: Upstream):
    running.serve("load", one.port)
    with load(running, running.host("load"), threads=4) as counts:
        for number in range(40):
            running.serve("load", (one, two)[number % 2].port)
            time.sleep(0.02)

    assert counts["failed"] == []
    assert counts["good"] > 100


def test_kept_connections_do_not_notice_a_deploy(running: Rig, one: Upstream, two: Upstream):
    running.serve("kept", one.port)
    client = running.client(running.host("kept"))
    names = []
    client.ask()
    first = client.sock

    for number in range(20):
        running.serve("kept", (one, two)[number % 2].port)
        names.append(client.ask().json["name"])

    assert names == ["one", "two"] * 10
    assert client.sock is first
    client.close()


def test_kept_connections_do_not_notice_new_and_deleted_apps(running: Rig, one: Upstream):
    running.serve("first-domain", one.port, hosts=("reload.example.test",))
    running.serve("settled", one.port)
    client = running.client(running.host("settled"))
    client.ask()
    first = client.sock

    for number in range(5):
        running.serve(f"new{number}", one.port)
        assert running.get(running.host(f"new{number}")).status == 200
        running.serve(f"new{number}")
        assert running.get(running.host(f"new{number}")).status == 503
        running.router.withdraw(f"new{number}")
        assert running.get(running.host(f"new{number}")).status == 404

    assert client.ask().status == 200
    assert client.sock is first
    client.close()


def test_more_new_apps_than_there_are_spares_all_answer(running: Rig, one: Upstream):
    apps = [f"many{number}" for number in range(20)]
    for app in apps:
        running.serve(app, one.port)

    assert {running.get(running.host(app)).status for app in apps} == {200}
    for app in apps:
        running.router.withdraw(app)
    assert {running.get(running.host(app)).status for app in apps} == {404}


def test_a_rack_that_starts_again_finds_what_it_published(running: Rig, one: Upstream):
    running.serve("before", one.port)
    again = Router(running.engine, running.layout, running.options, SystemClock())

    again.ensure()
    again.publish("after", (running.route("after", one.port),))

    assert again.container_id == running.router.container_id
    assert running.get(running.host("before")).status == 200
    assert running.get(running.host("after")).status == 200
    again.withdraw("after")


def test_a_name_outside_the_rack_gets_an_answer_to_read(running: Rig):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = Client("elsewhere.test", running.options.port, context)

    answer = client.ask()
    client.close()

    assert (answer.status, answer.body) == (404, b"no app answers at elsewhere.test\n")


def test_a_dead_process_among_two_costs_no_request(running: Rig, one: Upstream):
    with upstream("dead") as dead:
        port = dead.port
    running.serve("half", port, one.port)
    host = running.host("half")

    names = [running.get(host).json["name"] for _ in range(20)]
    client = running.client(host)
    posted = [client.ask("/", "POST", b"x").status for _ in range(4)]
    client.close()

    assert names == ["one"] * 20
    assert posted == [200] * 4


def test_a_process_that_dies_is_a_502_with_a_sentence(running: Rig):
    with upstream("dead") as dead:
        port = dead.port
    running.serve("dead", port)

    answer = running.get(running.host("dead"))

    assert answer.status == 502
    assert answer.body.decode() == f"the app at {running.host('dead')} does not answer\n"


def test_processes_take_turns(running: Rig, one: Upstream, two: Upstream):
    running.serve("turns", one.port, two.port)

    names = [running.get(running.host("turns")).json["name"] for _ in range(12)]

    assert sorted(names) == ["one"] * 6 + ["two"] * 6


def test_a_sticky_client_keeps_its_process(running: Rig, one: Upstream, two: Upstream):
    running.serve("sticky", one.port, two.port, sticky=True)
    host = running.host("sticky")
    first = running.get(host)
    cookie = first.headers["Set-Cookie"].partition(";")[0]

    names = {running.get(host, Cookie=cookie).json["name"] for _ in range(10)}

    assert names == {first.json["name"]}


def test_a_domain_has_its_certificate_when_publish_returns(running: Rig, one: Upstream):
    running.serve("domain", one.port, hosts=("www.example.test", "*.wild.test"))

    assert running.get("www.example.test").json["name"] == "one"
    assert running.get("any.wild.test").json["name"] == "one"


def test_an_exact_domain_goes_before_a_wildcard(running: Rig, one: Upstream, two: Upstream):
    running.serve("all", one.port, hosts=("*.exact.test",))
    running.serve("some", two.port, hosts=("www.exact.test",))

    assert running.get("www.exact.test").json["name"] == "two"
    assert running.get("api.exact.test").json["name"] == "one"


def test_a_refused_route_leaves_the_others_serving(running: Rig, one: Upstream):
    running.serve("steady", one.port)

    with pytest.raises(FailedError, match="router refused"):
        running.serve("broken", one.port, hosts=("broken.convox",), sources=("no range",))
    running.serve("later", one.port)

    assert running.get(running.host("steady")).status == 200
    assert running.get(running.host("later")).status == 200


def test_concurrent_publishes_all_hold(running: Rig, one: Upstream):
    apps = [f"at-once-{number}" for number in range(20)]
    threads = [threading.Thread(target=running.serve, args=(app, one.port)) for app in apps]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [running.get(running.host(app)).status for app in apps] == [200] * 20


def test_a_router_killed_and_restarted_alone_serves_the_same(running: Rig, one: Upstream):
    running.serve("alone", one.port)
    pid = _docker("inspect", "-f", "{{.State.Pid}}", running.router.container_id)

    os.kill(int(pid), 9)

    assert wait_for(lambda: _status(running, "alone") == 200)


def test_ensure_replaces_a_removed_router_and_rejoins(running: Rig, one: Upstream):
    running.serve("removed", one.port)
    network = running.layout.network("removed")
    labels = running.layout.labels("network", "removed")
    running.engine.network_create(network, "", labels)
    running.router.join(network, ("web.removed",))
    running.engine.remove(running.router.container_id)

    running.router.ensure()

    assert running.get(running.host("removed")).json["name"] == "one"
    assert network in running.engine.inspect(running.router.container_id).addresses
    running.router.leave(network)
    running.engine.network_remove(network)


@pytest.mark.parametrize("app", ["1st", "0"])
def test_streams_survive_an_app_whose_name_sorts_before_all(running: Rig, app: str):
    network = running.layout.network(app)
    running.engine.network_create(network, "", running.layout.labels("network", app))
    with echo() as port:
        running.serve("streams", port)
        with websocket(running, running.host("streams")) as stream:
            assert says(stream, "before")

            running.router.join(network)

            assert says(stream, "while it is in that network")
            running.router.leave(network)
            assert says(stream, "after")
    running.engine.network_remove(network)


def test_a_network_named_by_an_earlier_version_gives_way(tmp_path: Path):
    with rig(tmp_path, "rn") as made:
        made.engine.remove(made.router.container_id)
        made.engine.network_remove(made.router.network)
        old = made.layout.network("_router")
        labels = made.layout.labels("network")
        made.engine.network_create(old, made.options.router_subnet, labels)

        made.router.ensure()

        assert [n.name for n in made.engine.networks(labels)] == [made.router.network]


def test_ensure_changes_nothing_when_all_is_well(running: Rig):
    before = running.router.container_id

    running.router.ensure()

    assert running.router.container_id == before


def test_the_container_has_no_more_rights_than_it_needs(running: Rig):
    shape = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}}"
    shape += " {{.HostConfig.SecurityOpt}} {{.HostConfig.Privileged}}"

    answer = _docker("inspect", "-f", shape, running.router.container_id)

    assert answer == "true [ALL] [NET_BIND_SERVICE] [no-new-privileges] false"


def test_ports_are_published_on_loopback_alone(running: Rig):
    bindings = _docker("port", running.router.container_id).splitlines()

    addresses = {line.split(" -> ")[1].rpartition(":")[0] for line in bindings}
    assert addresses <= {"127.0.0.1", "[::1]"}
    assert "127.0.0.1" in addresses


@contextmanager
def load(running: Rig, host: str, threads: int) -> Iterator[dict[str, object]]:
    """Ask again and again, on new connections, while the block runs."""
    stop, lock = threading.Event(), threading.Lock()
    counts: dict[str, object] = {"good": 0, "failed": []}

    def ask() -> None:
        while not stop.wait(0.01):
            try:
                status = running.get(host).status
            except (OSError, http.client.HTTPException) as e:
                status = repr(e)
            with lock:
                if status == 200:
                    counts["good"] += 1  # type: ignore[operator]
                else:
                    counts["failed"].append(status)  # type: ignore[attr-defined]

    workers = [threading.Thread(target=ask) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield counts
    finally:
        stop.set()
        for worker in workers:
            worker.join()


def _status(running: Rig, app: str) -> int:
    try:
        return running.get(running.host(app)).status
    except (OSError, http.client.HTTPException):
        return 0


def _docker(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def _ask_h2(running: Rig, host: str) -> tuple[int, bytes]:
    """One GET in HTTP/2, with headers as plain literals. Source: RFC 9113, RFC 7541."""
    context = ssl.create_default_context(cafile=str(running.layout.router / "pki" / "root.crt"))
    context.set_alpn_protocols(["h2"])
    raw = socket.create_connection(("127.0.0.1", running.options.port), 10)
    with context.wrap_socket(raw, server_hostname=host) as tls:
        assert tls.selected_alpn_protocol() == "h2"
        fields = ((":method", "GET"), (":scheme", "https"), (":authority", host), (":path", "/"))
        block = b"".join(
            b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in fields
        )
        tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b""))
        tls.sendall(_frame(1, 5, 1, block))
        status, body = 0, b""
        while True:
            head = _exactly(tls, 9)
            payload = _exactly(tls, int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            if kind == 1:
                status = 200 if payload[0] == 0x88 else -1
            if kind == 0:
                body += payload
            if kind in (0, 1) and flags & 1:
                return status, body


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload


def _exactly(tls: ssl.SSLSocket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = tls.recv(size - len(data))
        assert piece
        data += piece
    return data
