"""A `Stream` that a test drives: what the client sends, what it got, and its leaving."""

from __future__ import annotations

from queue import Empty, Queue
from threading import Condition, Event


class ClientStream:
    """The client's side: `send`, `finish` and `leave`; what came out is in `output`."""

    def __init__(self, *sent: bytes, finished: bool = False) -> None:
        self._input: Queue[bytes] = Queue()
        self._closed = Event()
        self._changed = Condition()
        self._output = bytearray()
        for data in sent:
            self.send(data)
        if finished:
            self.finish()

    @property
    def gone(self) -> bool:
        return self._closed.is_set()

    @property
    def output(self) -> bytes:
        with self._changed:
            return bytes(self._output)

    def send(self, data: bytes) -> None:
        self._input.put(data)

    def finish(self) -> None:
        self._input.put(b"")

    def leave(self) -> None:
        self.close()

    def saw(self, text: bytes, seconds: float = 10) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: text in self._output, seconds)

    def read(self) -> bytes:
        while not self._closed.is_set():
            try:
                return self._input.get(timeout=0.02)
            except Empty:
                continue
        return b""

    def write(self, data: bytes) -> None:
        if self._closed.is_set():
            raise BrokenPipeError("the client is gone")
        with self._changed:
            self._output += data
            self._changed.notify_all()

    def close(self) -> None:
        self._closed.set()
