"""Uploads and downloads: never held, never half taken for whole."""

from __future__ import annotations

import gzip
import http.client
import logging
import os
import threading
from pathlib import Path

import pytest

from convox.api import types
from convox.client.endpoint import Endpoint
from convox.client.http import Http
from convox.client.rack import connect
from convox.core.errors import ConvoxError, FailedError, NotFoundError
from tests.contract.acts import eventually
from tests.fakes.recorder import Recorder
from tests.fakes.serving import serving
from tests.unit.server.raw import ask, basic, connected, head

OBJECT = "/apps/a/objects/tmp/x"
BIG = 200 << 20


def resident():
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Zeros:
    """A body of zeros that exists nowhere."""

    def __init__(self, size, fail_at=None):
        self._left, self._fail_at = size, fail_at
        self.closed = threading.Event()

    def read(self, size=65536, /):
        if self._fail_at is not None and self._left <= self._fail_at:
            raise FailedError("the disk went away")
        size = min(size, self._left)
        self._left -= size
        return bytes(size)

    def close(self):
        self.closed.set()


class Store(Recorder):
    """Counts what is stored, keeps none of it, and watches the memory meanwhile."""

    def __init__(self, body=None):
        super().__init__()
        self.stored, self.failure, self.highest = 0, None, 0
        self.ended = threading.Event()
        self.body = body

    def object_store(self, app, key, body):
        try:
            while piece := body.read():
                self.stored += len(piece)
                if self.stored % (8 << 20) < len(piece):
                    self.highest = max(self.highest, resident())
        except ConvoxError as e:
            self.failure = e
            raise
        finally:
            body.close()
            self.ended.set()
        return types.Object(url=f"object://{app}/{key}")

    def object_fetch(self, app, key):
        return self.body


def test_a_large_upload_is_not_held_in_memory():
    rack = Store()
    with serving(rack) as server:
        http = Http(Endpoint(server.url))
        before = resident()
        connect(http).object_store("a", "tmp/x", Zeros(BIG))
        http.close()

    assert rack.stored == BIG
    assert rack.highest - before < 30 << 20


def test_a_slow_reader_holds_the_sender_back():
    go = threading.Event()

    class Slow(Store):
        def object_store(self, app, key, body):
            go.wait(20)
            return super().object_store(app, key, body)

    rack, body = Slow(), Zeros(BIG)
    with serving(rack) as server:
        http = Http(Endpoint(server.url))
        sending = threading.Thread(target=lambda: connect(http).object_store("a", "x", body))
        sending.start()
        eventually(lambda: body._left < BIG)
        threading.Event().wait(0.5)
        sent = BIG - body._left
        go.set()
        sending.join(60)
        http.close()

    assert sent < 30 << 20
    assert rack.stored == BIG


@pytest.mark.parametrize(
    "framing", [{"Content_Length": 1_000_000}, {"Transfer_Encoding": "chunked"}]
)
def test_a_truncated_upload_fails_in_the_provider(framing):
    rack = Store()
    piece = b"8000\r\n" + bytes(0x8000) + b"\r\n"
    data = piece if "Transfer_Encoding" in framing else bytes(0x8000)
    with serving(rack) as server:
        with connected(server, head("POST", OBJECT, **framing) + data):
            eventually(lambda: rack.stored)
        assert rack.ended.wait(5)

    assert "cut short" in rack.failure.what


def test_a_chunk_that_is_no_chunk_is_a_400():
    rack = Store()
    nonsense = head("POST", OBJECT, Transfer_Encoding="chunked") + b"zz\r\nhello"
    with serving(rack) as server, connected(server, nonsense) as carrier:
        assert b" 400 " in carrier.recv(4096)

    assert rack.stored == 0


def test_an_upload_without_a_credential_is_not_read():
    rack = Store()
    with serving(rack) as server:
        answer = ask(server, "POST", OBJECT, body=bytes(100_000), auth=False)

    assert answer.status == 401
    assert not rack.ended.is_set()


def test_a_provider_may_refuse_without_reading():
    class Full(Store):
        def object_store(self, app, key, body):
            raise FailedError("the disk is full")

    with serving(Full()) as server:
        answer = ask(server, "POST", OBJECT, body=bytes(3 << 20))

    assert (answer.status, answer.text) == (500, "the disk is full\n")


def test_a_compressed_body_arrives_as_it_was_sent():
    rack, data = Recorder(), gzip.compress(b"hello")
    with serving(rack) as server:
        ask(server, "POST", OBJECT, body=data, headers={"Content-Encoding": "gzip"})

    assert rack.asked[0].body == data


def test_a_large_download_is_not_held_in_memory():
    body = Zeros(BIG)
    with serving(Store(body)) as server:
        http = Http(Endpoint(server.url))
        before, highest, size = resident(), 0, 0
        response = http.request("GET", OBJECT)
        while piece := response.read():
            size += len(piece)
            if size % (8 << 20) < len(piece):
                highest = max(highest, resident())
        http.close()

    assert size == BIG
    assert highest - before < 30 << 20
    assert body.closed.is_set()


def test_a_download_is_never_encoded():
    with serving(Store(Zeros(1000))) as server:
        answer = ask(server, "GET", OBJECT, headers={"Accept-Encoding": "gzip"})

    assert answer.body == bytes(1000)
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "application/octet-stream"


def test_an_empty_download_is_whole():
    with serving(Store(Zeros(0))) as server:
        assert ask(server, "GET", OBJECT).body == b""


def test_a_download_that_breaks_breaks_the_connection():
    body = Zeros(4 << 20, fail_at=1 << 20)
    with serving(Store(body)) as server:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            ask(server, "GET", OBJECT)
        assert ask(server, "GET", "/apps").status == 200

    assert body.closed.is_set()


def test_a_download_that_cannot_begin_is_an_error():
    with serving(Store(Zeros(10, fail_at=10))) as server:
        answer = ask(server, "GET", OBJECT)

    assert (answer.status, answer.text) == (500, "the disk went away\n")


def test_a_download_that_nobody_wants_any_more_is_closed_and_is_no_fault(caplog):
    body = Zeros(BIG)
    with caplog.at_level(logging.INFO), serving(Store(body)) as server:
        with connected(server, head("GET", OBJECT)) as carrier:
            carrier.recv(1000)

        assert body.closed.wait(5)
    lines = [r for r in caplog.records if r.name == "convox.server.dispatch"]
    assert [(r.getMessage(), r.status) for r in lines] == [("request", 499)]


def test_an_object_that_is_not_there_is_not_a_broken_download():
    class Empty(Store):
        def object_fetch(self, app, key):
            raise NotFoundError(f"object not found: {key}")

    with serving(Empty()) as server:
        answer = ask(server, "GET", OBJECT, headers={"Authorization": basic()}, auth=False)

    assert (answer.status, answer.text) == (404, "object not found: tmp/x\n")
