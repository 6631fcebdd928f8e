"""The files of one app's log: append-only segments, rotated by size and age, capped.

A segment is named by the moment it was begun, in nanoseconds. A line is never stored before it
was written, so every line since some moment is in the last segment begun before it or in a later
one: reading a window starts there and never scans what is older. Lines of several containers
arrive almost in order; reading puts them in order. The first line of a segment is a note of its
owner (`# ...`), which no reader sees: log_app.py keeps there how far each container was read.

Not safe from several threads by itself, except `read`, which tolerates that segments are removed
under it. Read log_app.py next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from convox.core.clock import Clock
from convox.providers.local.log_text import KEY_LENGTH, key_of_ns

SEGMENT_BYTES = 2 << 20
TOTAL_BYTES = 128 << 20
_SEGMENT_AGE_NS = 24 * 3600 * 1_000_000_000
_BLOCK = 256 << 10
_REORDER_BYTES = 2 << 20


@dataclass(frozen=True, order=True)
class Position:
    """A place in a log: a segment and an offset into it."""

    segment: int
    offset: int


class Segments:
    """Append-only storage of lines in one folder."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        total_bytes: int = TOTAL_BYTES,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._keep = max(2, total_bytes // segment_bytes)
        self._file = -1
        self._current = 0
        self._size = 0

    def append(self, lines: Iterable[bytes], note: Callable[[], bytes]) -> Position:
        """Write whole lines; all of them or none. `note()` is asked for when a segment begins.

        Raises:
            OSError: the disk did not take them.
        """
        data = b"".join(lines)
        self._ensure_open(note)
        if self._size + len(data) > self._segment_bytes or self._is_old():
            self._begin(note)
        self._write(data)
        return Position(self._current, self._size)

    def end(self) -> Position:
        """Return the place behind the last line."""
        names = [] if self._file >= 0 else self._names()
        if names:
            self._open(names[-1])
        return Position(self._current, self._size)

    def seek(self, since_ns: int) -> Position:
        """Return a place before every line written since a moment, and not much before."""
        names = self._names()
        older = [name for name in names if name <= since_ns]
        return Position(older[-1] if older else (names[0] if names else 0), 0)

    def read(self, start: Position, end: Position, since: bytes = b"") -> Iterator[list[bytes]]:
        """Yield the lines between two places that are not older than a key, in order of time.

        Bounded: holds a few megabytes however long the log is.
        """
        return _ordered(self._blocks(start, end, since))

    def last_lines(self) -> Iterator[bytes]:
        """Yield every line of the last segment, its note first, in the order written."""
        names = self._names()
        for block in self._raw_blocks(names[-1], 0, None) if names else ():
            yield from block

    def sweep(self, oldest_ns: int) -> None:
        """Remove segments that only hold lines older than a moment, and what is over the cap."""
        names = self._names()
        for name in names[: -self._keep]:
            self._path(name).unlink(missing_ok=True)
        for name in names[-self._keep :]:
            if self._last_key(name) >= key_of_ns(oldest_ns):
                return
            if name == self._current:
                self.close()
            self._path(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Delete every segment and the folder."""
        self.close()
        for name in self._names():
            self._path(name).unlink(missing_ok=True)
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _ensure_open(self, note: Callable[[], bytes]) -> None:
        if self._file >= 0:
            return
        names = self._names()
        if names:
            self._open(names[-1])
        else:
            self._begin(note)

    def _begin(self, note: Callable[[], bytes]) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = self._names()
        now = int(self._clock.now().timestamp() * 1_000_000) * 1000
        self._open(max(now, names[-1] + 1 if names else 0))
        self._write(b"# %b\n" % note())
        for name in names[: 1 - self._keep]:
            self._path(name).unlink(missing_ok=True)

    def _open(self, name: int) -> None:
        path = self._path(name)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._current = name
        self._size = _whole_lines(self._file)
        os.ftruncate(self._file, self._size)

    def _write(self, data: bytes) -> None:
        view, written = memoryview(data), 0
        try:
            while written < len(data):
                written += os.write(self._file, view[written:])
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _is_old(self) -> bool:
        now = int(self._clock.now().timestamp() * 1_000_000) * 1000
        return now - self._current > _SEGMENT_AGE_NS

    def _names(self) -> list[int]:
        try:
            return sorted(int(entry.stem) for entry in self._folder.glob("*.log"))
        except FileNotFoundError:
            return []

    def _path(self, name: int) -> Path:
        return self._folder / f"{name:020d}.log"

    def _blocks(self, start: Position, end: Position, since: bytes) -> Iterator[list[bytes]]:
        for name in self._names():
            if start.segment <= name <= end.segment:
                offset = start.offset if name == start.segment else 0
                limit = end.offset if name == end.segment else None
                for block in self._raw_blocks(name, offset, limit):
                    yield [
                        line for line in block if line[:KEY_LENGTH] >= since and line[:1] != b"#"
                    ]

    def _last_key(self, name: int) -> bytes:
        """Return the key of the last line of a segment; of none, that of its beginning."""
        with self._path(name).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _BLOCK))
            line = file.read().rstrip(b"\n").rpartition(b"\n")[2]
        return line[:KEY_LENGTH] if line[:1].isdigit() else key_of_ns(name)

    def _raw_blocks(self, name: int, offset: int, limit: int | None) -> Iterator[list[bytes]]:
        try:
            file = self._path(name).open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(offset)
            left = limit - offset if limit is not None else 1 << 62
            rest = b""
            while left > 0 and (data := file.read(min(_BLOCK, left))):
                left -= len(data)
                *lines, rest = (rest + data).split(b"\n")
                yield [line + b"\n" for line in lines]


def _whole_lines(file: int) -> int:
    """Return the size up to the last newline; a machine that lost power may leave half a line."""
    size = os.fstat(file).st_size
    while size:
        start = max(0, size - _BLOCK)
        found = os.pread(file, size - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


def _ordered(blocks: Iterator[list[bytes]]) -> Iterator[list[bytes]]:
    """Sort by time in a sliding window: what is out of order by more than it stays so."""
    window: list[bytes] = []
    size = 0
    for block in blocks:
        window += block
        size += sum(map(len, block))
        if size > _REORDER_BYTES:
            window.sort(key=_key)
            half = len(window) // 2
            yield window[:half]
            window = window[half:]
            size = sum(map(len, window))
    window.sort(key=_key)
    yield window


def _key(line: bytes) -> bytes:
    return line[:KEY_LENGTH]
