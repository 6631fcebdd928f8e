import os
import threading
from pathlib import Path

import pytest

from convox.core.errors import FailedError, UnavailableError
from convox.providers.local.spool import ReadAhead, spooled


class Source:
    """A body whose pieces come when the test lets them."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.allowed = threading.Semaphore(0)
        self.closed = threading.Event()
        self.error: Exception | None = None

    def read(self, size: int = 65536, /) -> bytes:
        while not self.allowed.acquire(timeout=0.01):
            if self.closed.is_set():
                return b""
        if self.error:
            raise self.error
        return self.pieces.pop(0) if self.pieces else b""

    def close(self) -> None:
        self.closed.set()


def test_what_has_come_can_be_read_before_the_rest_has(tmp_path: Path) -> None:
    source = Source(b"first", b"second")
    body = ReadAhead(source, tmp_path)

    source.allowed.release()
    assert body.read() == b"first"

    source.allowed.release(2)
    assert body.read(3) + body.read(100) == b"second"
    assert body.read() == b""
    body.close()


def test_the_source_is_read_to_its_end_though_nobody_reads(tmp_path: Path) -> None:
    source = Source(*[os.urandom(1000)] * 500)
    source.allowed.release(501)

    body = ReadAhead(source, tmp_path)
    body._thread.join(10)

    assert not source.pieces
    assert sum(map(len, iter(body.read, b""))) == 500_000
    body.close()


def test_closing_stops_the_fetching_and_leaves_no_file(tmp_path: Path) -> None:
    source = Source(b"x")
    body = ReadAhead(source, tmp_path / "work")

    body.close()

    assert source.closed.is_set()
    assert not body._thread.is_alive()
    assert list((tmp_path / "work").iterdir()) == []


def test_an_error_of_the_source_comes_after_what_was_fetched(tmp_path: Path) -> None:
    source = Source(b"so far")
    body = ReadAhead(source, tmp_path)
    source.allowed.release()
    assert body.read() == b"so far"

    source.error = UnavailableError("the Docker engine does not answer")
    source.allowed.release()

    with pytest.raises(UnavailableError):
        body.read()
    body.close()


def test_a_disk_that_refuses_is_an_error_of_the_rack(tmp_path: Path) -> None:
    source = Source(b"x")
    source.error = OSError(28, "No space left on device")
    source.allowed.release()
    body = ReadAhead(source, tmp_path)

    with pytest.raises(FailedError) as caught:
        body.read()

    assert caught.value.why == "No space left on device"
    body.close()


def test_everything_is_written_before_anything_is_read(tmp_path: Path) -> None:
    given = [b"a" * 1000, b"b", b"c" * 200_000]
    left = iter(given)

    with spooled(left, tmp_path) as body:
        assert next(left, None) is None
        pieces = list(iter(body.read, b""))
        assert b"".join(pieces) == b"".join(given)
        assert max(map(len, pieces)) <= 65536

    assert list(tmp_path.iterdir()) == []
