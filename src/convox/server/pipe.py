"""Bytes from the event loop to one blocked thread, bounded: uploads and the input of shells.

The loop's side awaits room, the thread's side blocks for data. Either may end it: `finish` is
the sender's end, `close` the reader's, `abort` tells the reader that the rest will never come.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Condition

from convox.core.errors import ConvoxError, FailedError

ROOM = 1 << 19
"""How many bytes may wait; small, because each upload under way has this much in memory."""


class Pipe:
    """A bounded queue of bytes; made on the event loop's thread.

    It is a `Chunks` for the thread that reads it.
    """

    def __init__(self, *, room: int = ROOM) -> None:
        self._loop = asyncio.get_running_loop()
        self._vacancy = asyncio.Event()
        self._vacancy.set()
        self._change = Condition()
        self._room = room
        self._waiting = bytearray()
        self._finished = False
        self._closed = False
        self._error: ConvoxError | None = None

    async def put(self, data: bytes) -> bool:
        """Add bytes once there is room; False when nobody reads any more."""
        await self._vacancy.wait()
        with self._change:
            if self._closed:
                return False
            self._waiting += data
            if len(self._waiting) >= self._room:
                self._vacancy.clear()
            self._change.notify_all()
        return True

    def finish(self) -> None:
        """Say that everything was sent."""
        with self._change:
            self._finished = True
            self._change.notify_all()

    def abort(self, error: ConvoxError) -> None:
        """Say that the rest will not come; `read` raises `error` from now on."""
        with self._change:
            self._error = self._error or error
            self._change.notify_all()

    def read(self, size: int = 65536, /) -> bytes:
        """Return up to `size` bytes, b"" at the end; blocks.

        Raises:
            ConvoxError: the sender was cut off, so what was read is not the whole.
        """
        with self._change:
            self._change.wait_for(self._readable)
            if self._error:
                raise self._error
            if self._closed:
                return b""
            before = len(self._waiting)
            data = bytes(self._waiting[:size])
            del self._waiting[:size]
            # Half empty, not at every read: waking the loop costs more than copying the bytes.
            has_room = len(self._waiting) <= self._room // 2 < before
        if has_room:
            self._wake_sender()
        return data

    def close(self) -> None:
        """End it from the reader's side, or from any: a blocked `read` and `put` return."""
        with self._change:
            self._closed = True
            self._waiting.clear()
            self._change.notify_all()
        self._wake_sender()

    def _readable(self) -> bool:
        return bool(self._waiting or self._finished or self._closed or self._error)

    def _wake_sender(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            self._loop.call_soon_threadsafe(self._vacancy.set)


def cut_short(received: int | None = None) -> FailedError:
    """Return the error for an upload whose sender went away."""
    where = "" if received is None else f" after {received} bytes"
    return FailedError(f"the upload was cut short{where}")
