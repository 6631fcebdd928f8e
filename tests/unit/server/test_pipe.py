"""Bytes from the loop to a thread."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import FailedError
from convox.server.pipe import Pipe, cut_short


def in_thread(function):
    return asyncio.get_running_loop().run_in_executor(None, function)


def read_all(pipe, size):
    out = []
    while piece := pipe.read(size):
        out.append(piece)
    return out


@given(st.lists(st.binary(min_size=1, max_size=50)), st.integers(1, 70))
def test_everything_arrives_in_order_in_pieces_that_fit(pieces, size):
    async def main():
        pipe = Pipe(room=64)
        reading = in_thread(lambda: read_all(pipe, size))
        for piece in pieces:
            assert await pipe.put(piece)
        pipe.finish()
        return await reading

    read = asyncio.run(main())

    assert b"".join(read) == b"".join(pieces)
    assert all(len(piece) <= size for piece in read)


def test_a_full_pipe_holds_the_sender_until_it_is_read():
    async def main():
        pipe = Pipe(room=10)
        await pipe.put(b"x" * 10)
        waiting = asyncio.ensure_future(pipe.put(b"y"))
        await asyncio.sleep(0.05)
        assert not waiting.done()

        assert await in_thread(lambda: pipe.read(8)) == b"x" * 8
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(main())


def test_an_abort_reaches_a_blocked_reader_and_every_later_read():
    async def main():
        pipe = Pipe()
        await pipe.put(b"half")
        assert await in_thread(pipe.read) == b"half"
        reading = in_thread(pipe.read)
        await asyncio.sleep(0.02)
        pipe.abort(cut_short(4))
        with pytest.raises(FailedError, match="cut short after 4 bytes"):
            await reading
        with pytest.raises(FailedError):
            pipe.read()

    asyncio.run(main())


def test_closing_wakes_both_sides():
    async def main():
        empty, full = Pipe(), Pipe(room=1)
        await full.put(b"x")
        reading, putting = in_thread(empty.read), asyncio.ensure_future(full.put(b"y"))
        await asyncio.sleep(0.02)
        started = time.monotonic()
        empty.close()
        full.close()
        assert await reading == b""
        assert await putting is False
        assert time.monotonic() - started < 1

    asyncio.run(main())


def test_closing_after_the_loop_is_over_does_nothing():
    async def main():
        return Pipe()

    pipe = asyncio.run(main())
    pipe.close()

    assert pipe.read() == b""
