from __future__ import annotations

import json
import socket
import struct
import time
from datetime import UTC, datetime
from threading import Event, Thread, Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import ConflictError, FailedError, NotFoundError, UnavailableError
from convox.providers.local.engine_streams import (
    Demultiplexer,
    ExecSession,
    LogReader,
    RawStream,
    json_lines,
    open_stream,
)

STAMP = b"2026-01-02T03:04:05.123456789Z "
AT = datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)


def frame(kind: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(data)) + data


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    yield RawStream(ours), theirs
    ours.close()
    theirs.close()


def session(raw, *, tty=False, code=0, resize=lambda height, width: None):
    return ExecSession(raw, tty=tty, find_exit_code=lambda: code, resize=resize)


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=8),
    st.integers(1, 30),
)
def test_frames_come_whole_however_they_are_cut(frames, size):
    data = b"".join(frame(kind, content) for kind, content in frames)
    demultiplexer = Demultiplexer()

    out = []
    for start in range(0, len(data), size):
        out += demultiplexer.feed(data[start : start + size])

    names = {1: "stdout", 2: "stderr"}
    assert out == [(names[kind], content) for kind, content in frames]


def test_both_streams_are_one_without_a_terminal(pair):
    raw, theirs = pair
    theirs.sendall(frame(1, b"out") + frame(2, b"err"))
    theirs.shutdown(socket.SHUT_WR)

    running = session(raw)

    assert b"".join(iter(running.read, b"")) == b"outerr"


def test_a_terminal_is_read_as_it_is(pair):
    raw, theirs = pair
    theirs.sendall(b"\x01\x00plain")

    assert session(raw, tty=True).read() == b"\x01\x00plain"


def test_ending_the_input_leaves_the_output_open(pair):
    raw, theirs = pair
    running = session(raw)

    running.write(b"in")
    running.end_input()

    assert theirs.recv(10) == b"in"
    assert theirs.recv(10) == b""
    theirs.sendall(frame(1, b"still"))
    assert running.read() == b"still"


def test_ending_the_input_of_a_terminal_types_the_end_of_file(pair):
    raw, theirs = pair

    session(raw, tty=True).end_input()

    assert theirs.recv(10) == b"\x04"


def test_closing_from_another_thread_wakes_a_reader(pair):
    raw, _ = pair
    running = session(raw)
    Timer(0.05, running.close).start()
    began = time.monotonic()

    assert running.read() == b""
    assert time.monotonic() - began < 1


def test_closing_twice_is_fine_and_writing_then_is_a_broken_pipe(pair):
    raw, _ = pair
    running = session(raw)

    running.close()
    running.close()

    with pytest.raises(BrokenPipeError):
        running.write(b"x")
    assert running.read() == b""


def test_the_exit_code_is_waited_for(pair):
    raw, _ = pair
    codes = iter([None, None, 7])
    running = ExecSession(raw, tty=False, find_exit_code=lambda: next(codes), resize=print)

    assert running.exit_code() == 7


def test_the_exit_code_of_what_still_runs_when_closed_is_minus_one(pair):
    raw, _ = pair
    running = session(raw, code=None)
    Timer(0.05, running.close).start()

    assert running.exit_code() == -1


def test_resizing_tries_until_the_command_has_started(pair):
    raw, _ = pair
    tried = []

    def resize(height, width):
        tried.append((height, width))
        if len(tried) < 3:
            raise FailedError("not started")

    session(raw, tty=True, resize=resize).resize(24, 80)

    assert tried == [(24, 80)] * 3


def test_resizing_what_is_closed_gives_up(pair):
    raw, _ = pair
    tried = []

    def resize(height, width):
        tried.append(1)
        raise FailedError("ended")

    running = session(raw, tty=True, resize=resize)
    running.close()
    running.resize(24, 80)

    assert tried == [1]


def lines_of(pair, *pieces, tty=False):
    raw, theirs = pair
    for piece in pieces:
        theirs.sendall(piece)
    theirs.shutdown(socket.SHUT_WR)
    return [(entry.stream, entry.at, entry.line) for entry in LogReader(raw, tty=tty)]


def test_lines_have_their_stream_and_time(pair):
    read = lines_of(pair, frame(1, STAMP + b"one\n"), frame(2, STAMP + b"two\n"))

    assert read == [("stdout", AT, b"one"), ("stderr", AT, b"two")]


def test_a_long_line_that_the_engine_cut_is_one_again(pair):
    cut = [frame(1, STAMP + b"a" * 10), frame(2, STAMP + b"x\n"), frame(1, STAMP + b"b\n")]

    assert lines_of(pair, *cut) == [("stderr", AT, b"x"), ("stdout", AT, b"a" * 10 + b"b")]


def test_a_last_line_without_a_newline_is_not_lost(pair):
    assert lines_of(pair, frame(1, STAMP + b"end")) == [("stdout", AT, b"end")]


def test_lines_of_a_terminal_have_no_frames(pair):
    read = lines_of(pair, STAMP + b"one\r\n" + STAMP + b"t", b"wo\r\n", tty=True)

    assert read == [("stdout", AT, b"one"), ("stdout", AT, b"two")]


def test_empty_lines_and_odd_bytes_are_kept(pair):
    read = lines_of(pair, frame(1, STAMP + b"\n"), frame(1, STAMP + b"\xff\x00\n"))

    assert [line for _, _, line in read] == [b"", b"\xff\x00"]


def test_json_lines_end_with_the_stream(pair):
    raw, theirs = pair
    theirs.sendall(b'{"a": 1}\n{"a"')
    theirs.sendall(b": 2}\n\n")
    theirs.shutdown(socket.SHUT_WR)

    assert list(json_lines(raw, Event())) == [{"a": 1}, {"a": 2}]


def test_json_lines_end_when_told_to(pair):
    raw, _ = pair
    stop = Event()
    Timer(0.05, stop.set).start()
    began = time.monotonic()

    assert list(json_lines(raw, stop, poll_s=0.1)) == []
    assert time.monotonic() - began < 1


class Answering:
    """An engine that gives each connection one answer."""

    def __init__(self, path, *pieces):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._pieces = pieces
        self.request = b""
        self._thread = Thread(target=self._answer)
        self._thread.start()

    def _answer(self):
        connection, _ = self._listener.accept()
        self.request = connection.recv(65536)
        for piece in self._pieces:
            connection.sendall(piece)
            time.sleep(0.01)
        connection.close()

    def close(self):
        self._thread.join(5)
        self._listener.close()


def opened(tmp_path, *pieces, **options):
    path = tmp_path / "engine.sock"
    engine = Answering(path, *pieces)
    try:
        stream = open_stream(str(path), "GET /v1.41/x", doing="read x", **options)
        data = b"".join(iter(stream.read, b""))
        stream.close()
    finally:
        engine.close()
    return data, engine.request


def test_a_body_is_plain_bytes_to_the_end(tmp_path):
    data, request = opened(tmp_path, b"HTTP/1.0 200 OK\r\nA: b\r", b"\n\r\nfir", b"st")

    assert data == b"first"
    assert request == b"GET /v1.41/x HTTP/1.0\r\nHost: docker\r\n\r\n"


def test_sending_something_upgrades_the_connection(tmp_path):
    data, request = opened(tmp_path, b"HTTP/1.1 101 UPGRADED\r\n\r\nraw", body={"Tty": True})

    assert data == b"raw"
    assert b"Upgrade: tcp\r\n" in request
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"Tty": True}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            b'HTTP/1.0 404 Not Found\r\n\r\n{"message":"No such container: c"}',
            NotFoundError,
            "cannot read x: no such container: c",
        ),
        (
            b'HTTP/1.1 409 Conflict\r\nContent-Length: 23\r\n\r\n{"message":"not now"}\r\n',
            ConflictError,
            "cannot read x: not now",
        ),
        (b"HTTP/1.0 500 Oops\r\n\r\nplain words", FailedError, "cannot read x: plain words"),
    ],
)
def test_a_refusal_is_an_error_of_its_kind(tmp_path, answer, kind, words):
    with pytest.raises(kind) as refused:
        opened(tmp_path, answer)

    assert refused.value.wire == words


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\nno end"])
def test_an_answer_that_breaks_off_is_an_engine_that_does_not_answer(tmp_path, answer):
    with pytest.raises(UnavailableError, match="the Docker engine does not answer"):
        opened(tmp_path, answer)


def test_a_socket_that_is_not_there_is_an_engine_that_does_not_answer(tmp_path):
    with pytest.raises(UnavailableError, match="does not answer at unix://"):
        open_stream(str(tmp_path / "none"), "GET /x", doing="read x")
