"""The logs of builds: one file each, the same bytes for whoever reads it and whenever.

The existing client reads a build's log twice and prints the second from where the first ended, so
a log is only ever appended to, replayed from its beginning, and stays open until it is closed.
What makes that client count wrong is altered before it is stored; see log_text.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import RLock

from convox.providers.local.log_feed import Broadcast, Selection
from convox.providers.local.log_text import Cleaner

_CHUNK = 64 << 10


class BuildLog:
    """The log of one build that runs; the builder writes and closes it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lock = RLock()
        self.broadcast = Broadcast()
        self._path = path
        self._cleaner = Cleaner()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size
        self._is_closed = False

    def write(self, data: bytes) -> None:
        """Append; bytes of any kind, cut anywhere. Nothing is written after `close`."""
        with self.lock:
            if not self._is_closed:
                self._append(self._cleaner.feed(data))

    def close(self) -> None:
        """Say that nothing more will come; idempotent."""
        with self.lock:
            if self._is_closed:
                return
            self._append(self._cleaner.flush())
            self._is_closed = True
            os.close(self._file)
            self.broadcast.end()

    @property
    def is_closed(self) -> bool:
        """Tell whether it was closed."""
        return self._is_closed

    def begin(self) -> int:
        """Return the place where a replay starts."""
        return 0

    def end(self) -> int:
        """Return the size."""
        return self._size

    def replay(self, start: int, end: int, _: Selection) -> Iterator[bytes]:
        """Yield the bytes between two places."""
        return read_range(self._path, start, end)

    def is_over(self, _: Selection) -> bool:
        """Tell whether nothing can come any more."""
        return self._is_closed

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self._size += len(data)
        if data:
            self.broadcast.publish_raw(data)


class FinishedBuildLog:
    """The log of a build that has ended, or of one that never had any."""

    def __init__(self, path: Path) -> None:
        self.lock = RLock()
        self.broadcast = Broadcast()
        self._path = path

    def begin(self) -> int:
        """Return the place where a replay starts."""
        return 0

    def end(self) -> int:
        """Return the size, 0 if there is no file."""
        return self._path.stat().st_size if self._path.exists() else 0

    def replay(self, start: int, end: int, _: Selection) -> Iterator[bytes]:
        """Yield the bytes between two places."""
        return read_range(self._path, start, end)

    def is_over(self, _: Selection) -> bool:
        """Return True."""
        return True


def read_range(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Yield a part of a file in chunks; nothing if it was removed."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(start)
        while start < end and (data := file.read(min(_CHUNK, end - start))):
            start += len(data)
            yield data
