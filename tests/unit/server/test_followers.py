"""One reader of a log."""

from __future__ import annotations

import asyncio
import threading

from convox.server.followers import Follower
from tests.fakes.logs import FakeLog


class Feed:
    """Attaching runs what the test gives."""

    def __init__(self, replay, detach=lambda: None):
        self._replay, self._detach = replay, detach

    def attach(self, sink):
        self._replay(sink)
        return self._detach


def in_thread(function):
    return asyncio.get_running_loop().run_in_executor(None, function)


async def everything(follower):
    out = b""
    while data := await asyncio.wait_for(follower.next(), 5):
        out += data
    return out


def test_the_past_and_the_present_arrive_in_order_and_end():
    async def main():
        log, follower = FakeLog(), Follower()
        log.write("past")
        await in_thread(lambda: follower.attach(log.feed()))
        log.write("present")
        log.end()
        return await everything(follower)

    assert asyncio.run(main()) == b"past\npresent\n"


def test_a_reader_that_falls_behind_is_dropped_with_a_line_that_says_so():
    async def main():
        log, follower = FakeLog(), Follower(room=100)
        await in_thread(lambda: follower.attach(log.feed()))
        for i in range(50):
            log.write(f"line {i:04}")
        return await everything(follower)

    text = asyncio.run(main())

    assert text.startswith(b"line 0000\n")
    assert text.endswith(b"bytes behind and was dropped\n")
    assert len(text) < 200


def test_a_replay_larger_than_the_room_waits_for_the_reader():
    async def main():
        follower = Follower(room=100)

        def replay(sink):
            for i in range(500):
                sink(f"line {i:04}\n".encode())
            sink(None)

        attaching = in_thread(lambda: follower.attach(Feed(replay)))
        text = await everything(follower)
        await attaching
        return text

    assert len(asyncio.run(main())) == 500 * 10


def test_a_replay_to_a_reader_that_never_reads_gives_up():
    async def main():
        follower = Follower(room=100, patience_s=0.05)

        def replay(sink):
            for _ in range(500):
                sink(b"x" * 60)

        await asyncio.wait_for(in_thread(lambda: follower.attach(Feed(replay))), 5)
        return await everything(follower)

    assert asyncio.run(main()).endswith(b"was dropped\n")


def test_a_provider_thread_never_waits_for_a_reader():
    async def main():
        log, follower = FakeLog(), Follower(room=10, patience_s=60)
        await in_thread(lambda: follower.attach(log.feed()))
        writing = threading.Thread(target=lambda: [log.write("x" * 50) for _ in range(100)])
        writing.start()
        await in_thread(lambda: writing.join(5))
        assert not writing.is_alive()

    asyncio.run(main())


def test_a_line_longer_than_the_room_passes_when_nothing_waits():
    async def main():
        log, follower = FakeLog(), Follower(room=10)
        log.write("x" * 100)
        log.end()
        await in_thread(lambda: follower.attach(log.feed()))
        return await everything(follower)

    assert asyncio.run(main()) == b"x" * 100 + b"\n"


def test_closing_detaches_once():
    calls = []

    async def main():
        follower = Follower()
        feed = Feed(lambda sink: None, detach=lambda: calls.append("detached"))
        await in_thread(lambda: follower.attach(feed))
        follower.close()
        follower.close()
        return await everything(follower)

    assert asyncio.run(main()) == b""
    assert calls == ["detached"]


def test_closing_during_a_replay_lets_it_end():
    async def main():
        follower = Follower(room=10)
        attaching = in_thread(
            lambda: follower.attach(Feed(lambda sink: [sink(b"x" * 9) for _ in range(1000)]))
        )
        await asyncio.sleep(0.05)
        follower.close_soon()
        await asyncio.wait_for(attaching, 5)

    asyncio.run(main())


def test_a_sink_after_the_loop_is_over_does_nothing():
    async def main():
        return Follower()

    follower = asyncio.run(main())
    follower.sink(b"late")
    follower.sink(None)
