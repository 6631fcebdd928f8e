from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from convox.client.endpoint import Endpoint
from convox.client.http import Http
from convox.client.socket import connect
from convox.client.transport import UntrustedError, Wire, dial, fetch_certificate
from convox.core.errors import NotFoundError, UnavailableError
from tests.fakes.certificates import self_signed
from tests.fakes.wire_server import Answer, WireServer


@contextmanager
def secured(host: str, *, authority: bool = False) -> Iterator[tuple[WireServer, str]]:
    path, pem = self_signed(host, authority=authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with WireServer(lambda asked: Answer(body=b"hello"), context) as server:
        yield server, pem


def fetched(endpoint: Endpoint) -> str:
    http = Http(endpoint)
    try:
        return http.request("GET", "/").text()
    finally:
        http.close()


@pytest.mark.parametrize("authority", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", "another.example.org"])
def test_a_pinned_certificate_is_trusted_whatever_its_names(host: str, authority: bool) -> None:
    with secured(host, authority=authority) as (server, pem):
        assert fetched(Endpoint(server.url, pin=pem)) == "hello"


@pytest.mark.parametrize("authority", [False, True])
def test_another_certificate_than_the_pinned_one_is_not(authority: bool) -> None:
    _, other = self_signed("other.example.org", authority=authority)
    with (
        secured("127.0.0.1", authority=authority) as (server, _),
        pytest.raises(UntrustedError) as caught,
    ):
        fetched(Endpoint(server.url, pin=other))

    assert "cannot trust the certificate of 127.0.0.1:" in caught.value.wire
    assert "convox login" in caught.value.fix
    assert server.asked == []


def test_without_a_pin_the_systems_store_decides() -> None:
    with secured("127.0.0.1") as (server, _), pytest.raises(UntrustedError):
        fetched(Endpoint(server.url))

    assert server.asked == []


def test_insecure_trusts_anything() -> None:
    with secured("another.example.org") as (server, _):
        assert fetched(Endpoint(server.url, insecure=True)) == "hello"


def test_the_presented_certificate_is_fetched_without_asking_anything() -> None:
    with secured("127.0.0.1") as (server, pem):
        der = fetch_certificate(Endpoint(server.url))

    assert ssl.DER_cert_to_PEM_cert(der) == pem
    assert server.asked == []


def test_a_socket_goes_over_tls_too() -> None:
    path, pem = self_signed("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    big = b"\xfe" * 300_000
    answer = Answer(frames=(("text", big), ("binary", b"")), after_end=True)
    with WireServer(lambda asked: answer, context) as server:
        stream = connect(Endpoint(server.url, pin=pem), "/x", {})
        stream.write(big)
        stream.end()

        received = b""
        while data := stream.read():
            received += data
        stream.close()

    assert received == big
    assert server.asked[0].frames[0] == ("text", big)
    assert server.asked[0].headers["origin"].startswith("https://")


def test_an_early_refusal_is_told_over_tls_too() -> None:
    path, pem = self_signed("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    refused = Answer(404, b"app not found: x", headers=(("Connection", "close"),), drop=True)
    with WireServer(lambda asked: refused, context) as server:
        http = Http(Endpoint(server.url, pin=pem))
        body = io.BytesIO(bytes(20_000_000))

        with pytest.raises(NotFoundError) as caught:
            http.request("POST", "/apps/x/objects/y", body=body)

    assert caught.value.wire == "app not found: x"


def test_what_speaks_no_tls_is_said() -> None:
    with WireServer(lambda asked: Answer()) as server, pytest.raises(UnavailableError) as caught:
        fetched(Endpoint(server.url.replace("http://", "https://"), insecure=True))

    assert "cannot connect to 127.0.0.1:" in caught.value.wire


def test_a_name_that_does_not_exist_is_said() -> None:
    with pytest.raises(UnavailableError, match=r"cannot connect to nowhere\.invalid"):
        dial(Endpoint("http://nowhere.invalid"))


def test_a_unix_socket_is_dialled(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

        server = threading.Thread(target=serve)
        server.start()

        assert fetched(Endpoint(f"unix://{path}")) == "hi"
        server.join()


def test_a_missing_unix_socket_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no such file"):
        dial(Endpoint(f"unix://{tmp_path}/none"))


def test_a_wire_gives_exact_pieces_and_tells_silence_from_the_end() -> None:
    left, right = socket.socketpair()
    wire = Wire(left)
    right.sendall(b"abcdef")

    assert wire.exactly(4) == b"abcd"
    assert wire.exactly(4, timeout=0.01) is None
    right.close()
    with pytest.raises(EOFError):
        wire.exactly(4)
    assert wire.stale()
    wire.close()


def test_a_line_without_an_end_is_refused() -> None:
    left, right = socket.socketpair()
    wire = Wire(left)
    sender = threading.Thread(target=right.sendall, args=(b"x" * 200_000,))
    sender.start()

    with pytest.raises(ConnectionError, match="too long"):
        wire.line()
    wire.close()
    right.close()
    sender.join()
