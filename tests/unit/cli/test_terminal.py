from __future__ import annotations

import itertools
import os
import pty
import subprocess
import sys
import termios
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.cli.terminal import Trailer
from convox.core.errors import FailedError
from tests.fakes.wire_server import Answer, WireServer
from tests.unit.cli.driver import MARKER

TRAILER = f"{MARKER}:7\n".encode()


def fed(*pieces: bytes) -> tuple[bytes, int]:
    written: list[bytes] = []
    trailer = Trailer(written.append)
    for piece in pieces:
        trailer.feed(piece)
    return b"".join(written), trailer.code()


@given(st.lists(st.integers(0, 60), max_size=6))
def test_the_trailer_is_found_however_it_is_cut(cuts: list[int]) -> None:
    data = b"output F1E49A85-0AD7 more" + TRAILER
    places = sorted({0, *cuts, len(data)})
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]

    assert fed(*pieces) == (b"output F1E49A85-0AD7 more", 7)


def test_a_command_that_prints_the_marker_itself_is_not_ended_by_it() -> None:
    fake = f"{MARKER}:0\nmore\n".encode()

    assert fed(b"a", fake, TRAILER) == (b"a" + fake, 7)
    assert fed(f"{MARKER}:not a number at all\n".encode(), TRAILER)[1] == 7


def test_a_negative_code_is_a_byte() -> None:
    assert fed(f"{MARKER}:-1\n".encode()) == (b"", 255)


@pytest.mark.parametrize("data", [b"", b"output", f"{MARKER}:".encode(), f"{MARKER}:x".encode()])
def test_no_code_is_an_error_and_loses_nothing(data: bytes) -> None:
    written: list[bytes] = []
    trailer = Trailer(written.append)
    trailer.feed(data)

    with pytest.raises(FailedError, match="lost connection"):
        trailer.code()

    assert b"".join(written) == data


def test_an_error_of_the_rack_is_its_own_message() -> None:
    assert fed(b"ERROR: process not found: x\n") == (b"ERROR: process not found: x\n", 1)


def test_a_terminal_is_raw_meanwhile_and_itself_again_afterwards() -> None:
    """A real terminal: what is typed travels at once, and its settings come back."""
    answer = Answer(frames=(("text", b"done"), ("text", TRAILER), ("binary", b"")))
    with WireServer(lambda asked: answer) as server:
        outer, inner = pty.openpty()
        before = termios.tcgetattr(inner)
        command = [sys.executable, "-m", "convox.cli", "exec", "p1", "sh", "-a", "hello"]
        environ = {**os.environ, "RACK_URL": server.url, "CONVOX_CONFIG": "/nonexistent"}
        process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=environ)
        code = process.wait(20)
        after = termios.tcgetattr(inner)
        printed = os.read(outer, 1000)
        os.close(outer)
        os.close(inner)

    assert (code, printed) == (7, b"done")
    assert after == before
    assert "tty" not in server.asked[0].headers
    assert server.asked[0].headers["height"].isdigit()


def test_a_terminal_is_put_back_when_the_client_is_stopped() -> None:
    with WireServer(lambda asked: Answer(frames=(("text", b"ready"),))) as server:
        outer, inner = pty.openpty()
        before = termios.tcgetattr(inner)
        command = [sys.executable, "-m", "convox.cli", "exec", "p1", "sh", "-a", "hello"]
        environ = {**os.environ, "RACK_URL": server.url, "CONVOX_CONFIG": "/nonexistent"}
        process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=environ)
        assert os.read(outer, 100) == b"ready"
        raw = termios.tcgetattr(inner)
        os.write(outer, b"\x03")
        wait_for(lambda: ("text", b"\x03") in server.asked[0].frames)
        process.terminate()
        code = process.wait(20)
        after = termios.tcgetattr(inner)
        os.close(outer)
        os.close(inner)

    assert raw != before
    assert after == before
    assert code == 128 + 15


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)
