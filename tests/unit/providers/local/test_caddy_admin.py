"""Talking to Caddy's admin API, against a server of the test's own on a unix socket."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from convox.core.errors import FailedError, UnavailableError
from convox.providers.local.caddy_admin import Admin


def request(connection: socket.socket) -> bytes:
    """Read one request to its end, so that closing the socket resets nobody."""
    with connection.makefile("rb") as stream:
        head = b"".join(iter(stream.readline, b"\r\n"))
        length = re.search(rb"Content-Length: (\d+)", head)
        return head + stream.read(int(length.group(1)) if length else 0)


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[list[bytes]]:
    """Answer one request; yields what was asked."""
    asked: list[bytes] = []

    def serve() -> None:
        accepted, _ = server.accept()
        with accepted:
            asked.append(request(accepted))
            accepted.sendall(answer)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join()


def test_a_configuration_that_is_taken_is_served(tmp_path: Path):
    path = tmp_path / "admin.sock"
    with answering(path, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as asked:
        Admin(path).load(b"{}")

    assert asked[0].startswith(b"POST /load HTTP/1.1\r\n")
    assert b"Content-Type: application/json" in asked[0]


def test_a_refusal_is_told_in_caddys_words(tmp_path: Path):
    path = tmp_path / "admin.sock"
    answer = b'HTTP/1.1 400 Bad\r\nContent-Length: 20\r\n\r\n{"error": "no such"}'
    with answering(path, answer), pytest.raises(FailedError, match="refused") as caught:
        Admin(path).load(b"{}")

    assert caught.value.why == "no such"


def test_a_refusal_that_is_no_json_is_told_as_it_is(tmp_path: Path):
    path = tmp_path / "admin.sock"
    answer = b"HTTP/1.1 500 Bad\r\nContent-Length: 5\r\n\r\nwords"
    with answering(path, answer), pytest.raises(FailedError) as caught:
        Admin(path).load(b"{}")

    assert caught.value.why == "words"


def test_nobody_there_is_unavailable(tmp_path: Path):
    admin = Admin(tmp_path / "admin.sock")

    with pytest.raises(UnavailableError, match="router does not answer"):
        admin.load(b"{}")
    assert not admin.answers()


def test_an_answer_cut_short_is_unavailable(tmp_path: Path):
    path = tmp_path / "admin.sock"
    with answering(path, b""), pytest.raises(UnavailableError):
        Admin(path).load(b"{}")


@pytest.mark.parametrize(("status", "up"), [(b"200 OK", True), (b"400 Bad", False)])
def test_it_answers_once_it_serves(tmp_path: Path, status: bytes, up: bool):
    path = tmp_path / "admin.sock"
    with answering(path, b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"):
        assert Admin(path).answers() is up
