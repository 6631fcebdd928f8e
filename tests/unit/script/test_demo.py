"""The demo: when a deploy is the same as the last, and how the app is fetched."""

from __future__ import annotations

import datetime
import http.server
import os
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from script.support import demo
from script.support.steps import StopError


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for a name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    cert = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[0].write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return paths


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()
        self.wfile.write(b"first line\nsecond\n")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def router(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Something that answers HTTPS as a router would: its port and its certificate."""
    cert, key = certificate(tmp_path, "hello-web.demo.localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_args: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1], cert.read_text()
        server.shutdown()
        thread.join()


def test_the_first_line_is_fetched_with_the_certificate_verified(router) -> None:
    port, authority = router

    assert demo.fetch("hello-web.demo.localhost", port, authority) == "first line"


def test_another_certificate_is_not_trusted(
    router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "FETCH_S", 0)
    other, _ = certificate(tmp_path, "other.localhost")

    with pytest.raises(StopError, match="CERTIFICATE_VERIFY_FAILED"):
        demo.fetch("hello-web.demo.localhost", router[0], other.read_text())


def test_a_port_that_nobody_holds_is_given_up(router, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "FETCH_S", 0)

    with pytest.raises(StopError, match=r"https://x.localhost:1/ does not answer"):
        demo.fetch("x.localhost", 1, router[1])


def test_the_fingerprint_follows_names_and_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    first = demo.fingerprint(tmp_path)
    (tmp_path / "a").write_text("two")
    second = demo.fingerprint(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")

    assert len({first, second, demo.fingerprint(tmp_path)}) == 3
    assert demo.fingerprint(demo.EXAMPLE) == demo.fingerprint(demo.EXAMPLE)


def test_the_users_own_rack_is_never_the_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACK_URL", "https://convox:secret@elsewhere")
    monkeypatch.setenv("CONVOX_HOST", "elsewhere")
    monkeypatch.setenv("CONVOX_RACK", "production")

    demo.point_at_rack()

    assert "RACK_URL" not in os.environ
    assert "CONVOX_HOST" not in os.environ
    assert os.environ["CONVOX_RACK"] == "demo"
