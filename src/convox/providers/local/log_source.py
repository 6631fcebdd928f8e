"""The engine's answer to a logs request, taken apart without touching a socket.

Bytes go in as they come, whole lines with their moments come out. HTTP/1.0 is spoken, so the body
is the rest of the connection. Without a terminal the body is frames of an 8-byte header (stream,
three zeros, big-endian length), one entry each; with one it is raw. An entry is a timestamp, a
space and at most 16 KiB of a line; a longer line comes in several entries and stays in pieces.

Source: Docker Engine API v1.41, "Attach to a container", stream format; "Get container logs".
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

_HEADER = 8
_PIECE = 16384
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")
_STAMP_LENGTH = 31
_LARGEST = 1 << 20


class Entry(NamedTuple):
    """One line, or one piece of a long line."""

    key: bytes
    message: bytes
    """Without its newline."""
    part: int = 0
    """Which piece of a long line it is; all pieces have the same key."""


class Answer:
    """One HTTP/1.0 answer: `status` is 0 until the head has come, then `feed` yields the body."""

    def __init__(self) -> None:
        self.status = 0
        self._head = b""

    def feed(self, data: bytes) -> bytes:
        """Return the part of `data` that belongs to the body."""
        if self.status:
            return data
        self._head += data
        head, mark, body = self._head.partition(b"\r\n\r\n")
        if not mark:
            return b""
        words = head.split(b" ", 2)
        self.status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 502
        self._head = b""
        return body


class Frames:
    """Entries of a container without a terminal."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begun: dict[int, tuple[bytes, int]] = {}

    def feed(self, data: bytes) -> list[Entry]:
        """Return the entries that are complete.

        Raises:
            ValueError: this is not the engine's format.
        """
        self._buffer += data
        entries, start = [], 0
        while len(self._buffer) - start >= _HEADER:
            kind, length = struct.unpack_from(">BxxxL", self._buffer, start)
            if length > _LARGEST:
                raise ValueError(f"a log frame of {length} bytes")
            if len(self._buffer) - start - _HEADER < length:
                break
            start += _HEADER
            entries += _entry(bytes(self._buffer[start : start + length]), self._begun, kind)
            start += length
        del self._buffer[:start]
        return entries

    def finish(self) -> list[Entry]:
        """Return what is left at the end of a container's life; a cut frame is nothing."""
        return []


class Raw:
    """Entries of a container with a terminal."""

    def __init__(self) -> None:
        self._buffer = b""
        self._begun: dict[int, tuple[bytes, int]] = {}

    def feed(self, data: bytes) -> list[Entry]:
        """Return the entries that are complete."""
        self._buffer += data
        entries = []
        while (end := self._next()) > 0:
            entries += _entry(self._buffer[:end], self._begun, 0)
            self._buffer = self._buffer[end:]
        return entries

    def finish(self) -> list[Entry]:
        """Return what is left at the end of a container's life: a line without its newline."""
        return self.feed(b"\n") if self._buffer else []

    def _next(self) -> int:
        """Return the end of the first entry; 0 when it is not complete."""
        limit = _STAMP_LENGTH + _PIECE
        newline = self._buffer.find(b"\n", 0, limit + 1)
        if newline >= 0:
            return newline + 1
        # a piece of a longer line ends where the next piece's timestamp begins
        return limit if len(self._buffer) >= limit + _STAMP_LENGTH else 0


def _entry(data: bytes, begun: dict[int, tuple[bytes, int]], kind: int) -> list[Entry]:
    """Return the entry, if it is one; `begun` has the unfinished line of each pipe.

    The last piece of a long line may come without its newline (the driver `local`), so pieces
    are known by their common timestamp.
    """
    if not _STAMP.match(data):
        return []
    key = data[: _STAMP_LENGTH - 1]
    last, part = begun.get(kind, (b"", 0))
    part = part + 1 if last == key else 0
    begun[kind] = (b"" if data.endswith(b"\n") else key, part)
    return [Entry(key, data[_STAMP_LENGTH:].removesuffix(b"\n").removesuffix(b"\r"), part)]
