"""Seeing which names a server can prove."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from convox.providers.local.certificates import Files, make
from convox.providers.local.handshake import serves


@contextmanager
def tls_server(folder: Path, *names: str) -> Iterator[int]:
    """Shake hands once with a certificate for `names`."""
    files = Files(folder / "pki")
    make(files, "r", names, datetime(2026, 1, 1, tzinfo=UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.api, files.api_key)

    def shake() -> None:
        raw, _ = server.accept()
        with raw, context.wrap_socket(raw, server_side=True) as tls:
            tls.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=shake)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("www.x.test", True),
        ("a.y.test", True),
        ("*.y.test", True),
        ("x.test", False),
        ("a.b.y.test", False),
    ],
)
def test_the_name_is_looked_for_in_the_certificate(tmp_path: Path, name: str, found: bool):
    with tls_server(tmp_path, "www.x.test", "*.y.test") as port:
        assert serves("127.0.0.1", port, name) is found


def test_nobody_there_serves_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert not serves("127.0.0.1", port, "www.x.test")
