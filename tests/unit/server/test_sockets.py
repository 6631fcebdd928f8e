"""Streams as transcripts: what went in, what came out, in order."""

from __future__ import annotations

import errno
import statistics
import threading
import time

import pytest
import websockets.sync.client

from convox.api import types
from convox.core.errors import FailedError, UnavailableError
from convox.server.app import Settings
from tests.contract.acts import eventually
from tests.fakes.rack import FakeRack
from tests.fakes.recorder import Recorder
from tests.fakes.serving import PASSWORD, serving
from tests.unit.server.raw import ask, basic, messages, open_socket

EXEC = "/apps/a/processes/p/exec"
MARKER = b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:"


class Shell(Recorder):
    """Exec is what the test says; the stream is kept for it to look at."""

    def __init__(self, work):
        super().__init__()
        self._work = work
        self.streams = []
        self.done = threading.Event()

    def process_exec(self, app, pid, stream, opts):
        self.streams.append(stream)
        try:
            return self._work(stream)
        finally:
            self.done.set()


def say(*parts, code=0):
    def work(stream):
        for part in parts:
            stream.write(part)
        return code

    return work


def test_the_exit_status_is_a_message_of_its_own_and_the_last():
    with serving(Shell(say(b"one", b"two", code=3))) as server:
        stream = open_socket(server, EXEC)
        said = messages(stream)

    assert said == [b"one", b"two", MARKER + b"3\n"]
    assert stream.ended, "an empty binary frame ends the stream"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", bytes(range(256)), b"\xf0\x9f", b"x" * 300_000])
def test_bytes_pass_both_ways_as_they_are(data):
    def echo(stream):
        left = len(data)
        while left:
            piece = stream.read()
            left -= len(piece)
            stream.write(piece)
        return 0

    with serving(Shell(echo)) as server:
        stream = open_socket(server, EXEC)
        for start in range(0, len(data), 1024):
            stream.write(data[start : start + 1024])
        said = messages(stream)

    assert b"".join(said[:-1]) == data


def test_the_end_of_input_only_half_closes():
    def work(stream):
        assert stream.read() == b""
        assert not stream.gone
        stream.write(b"still here")
        return 0

    with serving(Shell(work)) as server:
        stream = open_socket(server, EXEC)
        stream.end()

        assert messages(stream) == [b"still here", MARKER + b"0\n"]


def test_a_failure_after_the_upgrade_is_a_line_and_the_end():
    def work(stream):
        stream.write(b"starting\n")
        raise FailedError("the engine went away", why="it was stopped")

    with serving(Shell(work)) as server:
        said = messages(open_socket(server, EXEC))

    assert said == [b"starting\n", b"ERROR: the engine went away: it was stopped\n"]


def test_what_nobody_expected_tells_nothing_but_the_request():
    def work(stream):
        raise RuntimeError("PASSWORD=hunter2")

    with serving(Shell(work)) as server:
        [line] = messages(open_socket(server, EXEC))

    assert line.startswith(b"ERROR: internal error in request ")
    assert b"hunter2" not in line


def test_a_full_disk_is_said():
    def work(stream):
        raise OSError(errno.ENOSPC, "No space left on device")

    with serving(Shell(work)) as server:
        said = messages(open_socket(server, EXEC))

    assert said == [b"ERROR: the rack's disk is full\n"]


def test_a_client_that_is_gone_wakes_a_blocked_read_and_frees_the_thread():
    def work(stream):
        assert stream.read() == b""
        assert stream.gone
        return 0

    rack = Shell(work)
    with serving(rack) as server:
        stream = open_socket(server, EXEC)
        eventually(lambda: rack.streams)
        started = time.monotonic()
        stream.close()

        assert rack.done.wait(5)
        assert time.monotonic() - started < 1


def test_a_client_that_is_gone_breaks_the_next_writes():
    def work(stream):
        stream.read()
        with pytest.raises(BrokenPipeError):
            for _ in range(100):
                stream.write(b"anyone?" * 1000)
        raise BrokenPipeError

    rack = Shell(work)
    with serving(rack) as server:
        stream = open_socket(server, EXEC)
        eventually(lambda: rack.streams)
        stream.close()
        assert rack.done.wait(10)
        # The server goes on, and takes it for no failure of its own.
        assert ask(server, "GET", "/apps").status == 200


def test_closing_wakes_a_write_that_waits_for_a_slow_client():
    def work(stream):
        with pytest.raises(BrokenPipeError):
            while True:
                stream.write(b"x" * 65536)
        return 0

    rack = Shell(work)
    with serving(rack) as server:
        stream = open_socket(server, EXEC)
        eventually(lambda: rack.streams)
        time.sleep(0.5)  # until the sockets' buffers are full
        started = time.monotonic()
        rack.streams[0].close()

        assert rack.done.wait(5)
        assert time.monotonic() - started < 1
        stream.close()


def test_a_closed_stream_still_tells_its_exit_status():
    def work(stream):
        stream.write(b"bye")
        stream.close()
        assert stream.read() == b""
        return 4

    with serving(Shell(work)) as server:
        assert messages(open_socket(server, EXEC)) == [b"bye", MARKER + b"4\n"]


def test_a_tunnel_has_no_exit_status():
    with serving(FakeRack()) as server:
        stream = open_socket(server, "/proxy/echo.internal/5432")
        stream.write(b"\x00\xff")
        assert stream.read() == b"\x00\xff"
        stream.end()

        assert messages(stream) == []


def test_pings_are_answered_while_the_client_only_reads():
    def work(stream):
        stream.read()
        return 0

    with serving(Shell(work)) as server:
        url = f"ws://{server.bare}{EXEC}"
        headers = {"Authorization": basic()}
        with websockets.sync.client.connect(
            url, additional_headers=headers, compression=None
        ) as client:
            assert client.ping().wait(5)
            client.send(b"", text=False)
            assert client.recv(decode=False).startswith(MARKER)
            assert client.recv() == b""


def test_a_handshake_that_offers_compression_is_not_compressed():
    with serving(Shell(say(b"a" * 1000))) as server:
        url = f"ws://{server.bare}{EXEC}"
        headers = {"Authorization": basic()}
        with websockets.sync.client.connect(url, additional_headers=headers) as client:
            assert client.protocol.extensions == []
            assert client.recv(decode=False) == b"a" * 1000


def test_past_the_cap_a_stream_is_refused_with_the_cap_and_requests_go_on():
    release = threading.Event()

    def work(stream):
        release.wait(20)
        return 0

    rack = Shell(work)
    with serving(rack, settings=Settings(streams=3)) as server:
        held = [open_socket(server, EXEC) for _ in range(3)]
        eventually(lambda: len(rack.streams) == 3)

        with pytest.raises(UnavailableError, match="already carries 3 streams"):
            open_socket(server, EXEC)
        assert ask(server, "GET", "/apps").status == 200
        release.set()
        for stream in held:
            messages(stream)
        assert messages(open_socket(server, EXEC)) == [MARKER + b"0\n"]


def test_two_hundred_followers_do_not_delay_a_request():
    rack = FakeRack()
    rack.app_create(types.AppCreateOptions(name="web"))
    rack.logs["web"].write("from before")
    with serving(rack) as server:
        alone = typical(server)
        threads = threading.active_count()
        followers = [open_socket(server, "/apps/web/logs") for _ in range(200)]
        eventually(lambda: rack.logs["web"].readers == 200)

        beside = typical(server)
        grown = threading.active_count() - threads
        rack.logs["web"].write("now")
        for stream in followers:
            assert read_until(stream, b"now")
            stream.close()
        eventually(lambda: rack.logs["web"].readers == 0)

    assert beside < max(5 * alone, 0.05)
    assert grown < 40, "followers hold no thread each"


def typical(server):
    """Seconds that `GET /apps` takes."""
    taken = []
    for _ in range(15):
        started = time.perf_counter()
        assert ask(server, "GET", "/apps").status == 200
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def read_until(stream, text):
    data = b""
    while text not in data:
        piece = stream.read()
        if not piece:
            return False
        data += piece
    return True


def test_a_log_that_ends_ends_the_stream():
    rack = FakeRack()
    rack.app_create(types.AppCreateOptions(name="web"))
    rack.logs["web"].write("only")
    with serving(rack) as server:
        stream = open_socket(server, "/apps/web/logs", {"Follow": "false"})

        assert messages(stream) == [b"only\n"]
        assert stream.ended


def test_a_log_that_cannot_be_opened_is_a_line_and_the_end():
    with serving(FakeRack()) as server:
        stream = open_socket(server, "/apps/nobody/logs")

        assert messages(stream) == [b"ERROR: app not found: nobody\n"]
        assert stream.ended


def test_a_bad_option_of_a_log_is_told_after_the_upgrade():
    with serving(FakeRack()) as server:
        [line] = messages(open_socket(server, "/apps/web/logs", {"Since": "yesterday"}))

    assert line.startswith(b"ERROR: invalid value for Since: ")


def test_a_wrong_password_is_told_after_the_upgrade_and_nothing_runs():
    rack = Shell(say(b"never"))
    with serving(rack) as server:
        url = f"http://convox:{PASSWORD}x@{server.bare}"

        assert messages(open_socket(server, EXEC, url=url)) == [b"ERROR: invalid authentication\n"]
    assert rack.streams == []
