from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.fakes.wire_server import Answer, WireServer
from tests.unit.cli.driver import convox


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_bytes_travel_through_as_in_the_recording() -> None:
    answer = Answer(frames=(("text", b"pong:ping\x00\xff"), ("binary", b"")), after_end=True)
    port = free_port()
    with WireServer(lambda asked: answer) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "convox.cli", "proxy", f"{port}:db.internal:5432"],
            stdout=subprocess.PIPE,
            env={**os.environ, "RACK_URL": server.url, "CONVOX_CONFIG": "/nonexistent"},
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(b"ping\x00\xff")
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while data := connection.recv(100):
                received += data
        second = process.stdout.readline()
        process.terminate()
        process.wait(10)
        process.stdout.close()

    assert first == f"proxying localhost:{port} to db.internal:5432\n".encode()
    assert second == f"connect: {port}\n".encode()
    assert received == b"pong:ping\x00\xff"
    assert server.asked[0].target == "/proxy/db.internal/5432"
    assert server.asked[0].frames == [("text", b"ping\x00\xff"), ("binary", b"")]


@pytest.mark.parametrize("word", ["db", "db:", ":1", "1:2:3:4", "x:db:1", "1:db:x", "1::2"])
def test_a_target_that_is_none_is_refused(word: str) -> None:
    assert convox("proxy", word).err == f"ERROR: invalid argument: {word}\n"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "no url for resource: db"),
        ("postgres://u:hunter2@h/db", "unknown port for url: postgres://h"),
    ],
)
def test_a_resource_without_a_port_is_refused_without_its_password(url: str, message: str) -> None:
    ran = convox(
        "resources", "proxy", "db", "-a", "a", answers={"GET /apps/a/resources/db": {"url": url}}
    )

    assert ran.err == f"ERROR: {message}\n"


def test_a_busy_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ran = convox("proxy", f"{port}:db:5432")

    assert ran.code == 1
    assert "in use" in ran.err.lower()
