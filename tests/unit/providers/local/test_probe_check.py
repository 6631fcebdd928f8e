"""One check against real sockets on loopback, driven by hand."""

import select
import socket
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from convox.providers.local.caddy import Scheme
from convox.providers.local.desired import Health
from convox.providers.local.probe_check import READ, Check, ProbeTarget, Result, tls_contexts
from tests.fakes.core_server import Server


def check(port: int, scheme: Scheme = "http") -> Result:
    """Ask once, as the prober would."""
    target = ProbeTarget("p1", "127.0.0.1", port, scheme, Health("/up", 5, 5, timeout_s=1))
    check = Check(target, tls_contexts())
    deadline = time.monotonic() + 1
    try:
        while time.monotonic() < deadline:
            sockets = ([check], []) if check.interest == READ else ([], [check])
            if any(select.select(*sockets, [], 0.05)) and (result := check.step()):
                return result
        return check.timed_out()
    finally:
        check.close()


@pytest.mark.parametrize(
    ("status", "up"), [(200, True), (399, True), (401, True), (400, False), (503, False)]
)
def test_the_status_decides(status, up):
    server = Server(b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n" % status)

    result = check(server.port)

    server.close()
    assert result.healthy is up
    assert result.note == f"GET /up on port {server.port} answered {status}"
    head = server.requests[0].decode().splitlines()
    assert head[0] == "GET /up HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in head


def test_a_refused_connection_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    result = check(port)

    assert not result.healthy
    assert result.note == f"GET /up on port {port} refused the connection"


def test_what_is_not_http_is_told():
    server = Server(b"SSH-2.0-OpenSSH_9.2\r\n")

    result = check(server.port)

    server.close()
    assert result.note.endswith("does not speak HTTP")


def test_a_connection_that_closes_without_an_answer_is_told():
    server = Server(b"")

    result = check(server.port)

    server.close()
    assert result.note.endswith("closed the connection without an answer") or result.note


def test_a_process_that_does_not_answer_in_time_is_told():
    server = Server(None)

    result = check(server.port)

    server.close()
    assert result.note.endswith("did not answer in 1 s")


def test_grpc_is_up_when_it_opens_http2():
    server = Server(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")

    result = check(server.port, "grpc")

    server.close()
    assert result.healthy
    assert server.requests[0].startswith(b"PRI * HTTP/2.0")


def test_grpc_on_a_plain_web_server_is_told():
    server = Server(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    result = check(server.port, "grpc")

    server.close()
    assert result.note == f"port {server.port} does not speak HTTP/2"


def test_tls_asked_of_a_plain_port_is_told():
    server = Server(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    result = check(server.port, "https")

    server.close()
    assert not result.healthy
    assert result.note.endswith("does not speak TLS")


def test_a_process_with_a_certificate_of_its_own_is_up(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    server = Server(b"HTTP/1.1 204 No Content\r\n\r\n", context)

    result = check(server.port, "https")

    server.close()
    assert result.healthy


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "process")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(encoding))
    (folder / "key.pem").write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"
