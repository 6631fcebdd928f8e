"""One reader of a log: a bounded queue between the provider's threads and one socket.

Two hundred followers hold no thread: a provider pushes into `sink`, the event loop sends. A
reader that falls too far behind is dropped with a last line that says so, because a log must
never wait for its slowest reader. Only while the past is replayed, on the follower's own thread,
does `sink` wait for the reader, and then not for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, get_ident

from convox.core.stream import LogFeed

ROOM = 1 << 20
_PATIENCE_S = 10.0


class Follower:
    """Made on the event loop's thread, which alone calls `next`."""

    def __init__(self, *, room: int = ROOM, patience_s: float = _PATIENCE_S) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._change = Condition()
        self._room = room
        self._patience_s = patience_s
        self._waiting = bytearray()
        self._ended = False
        self._replayer = 0
        self._detach: Callable[[], None] | None = None

    def attach(self, feed: LogFeed) -> None:
        """Replay the past of `feed` and stay attached; blocks, so give it a thread."""
        self._replayer = get_ident()
        try:
            self._detach = feed.attach(self.sink)
        finally:
            self._replayer = 0

    def sink(self, data: bytes | None) -> None:
        """Take log bytes, or None at the end; from any thread."""
        with self._change:
            if self._ended:
                return
            if data is None:
                self._ended = True
            elif self._fits(data):
                self._waiting += data
            else:
                self._drop()
        with suppress(RuntimeError):  # the loop is closed: the follower is gone with it
            self._loop.call_soon_threadsafe(self._news.set)

    async def next(self) -> bytes:
        """Return everything that waits, b"" once the log has ended."""
        while True:
            self._news.clear()
            with self._change:
                data = bytes(self._waiting)
                self._waiting.clear()
                self._change.notify_all()
                if data or self._ended:
                    return data
            await self._news.wait()

    def close_soon(self) -> None:
        """Let a replay that is under way end without being read; never blocks."""
        with self._change:
            self._ended = True
            self._change.notify_all()

    def close(self) -> None:
        """Stop following; may block for as long as the provider's detach does. Idempotent."""
        self.close_soon()
        detach, self._detach = self._detach, None
        if detach:
            detach()

    def _fits(self, data: bytes) -> bool:
        def has_room() -> bool:
            return not self._waiting or len(self._waiting) + len(data) <= self._room

        if self._replayer == get_ident():
            self._change.wait_for(lambda: has_room() or self._ended, self._patience_s)
        return has_room()

    def _drop(self) -> None:
        note = f"this reader fell {len(self._waiting)} bytes behind and was dropped\n"
        self._waiting += note.encode()
        self._ended = True
