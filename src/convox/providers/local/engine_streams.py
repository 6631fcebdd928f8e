"""Streams of the engine over its own socket: exec, attach, logs, events, archives.

The SDK reads hijacked connections through a buffer that loses bytes and cannot be closed from
another thread, so these few requests are spoken here, one connection each. They are sent as
HTTP/1.0 so that a body is plain bytes until the end, or upgraded. `close()` from any thread wakes
a blocked read. Control calls belong in engine.py.

Source: Docker Engine API 1.41, "Attach to a container" (stream format, hijacking).
"""

from __future__ import annotations

import json
import re
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event
from typing import Any

from convox.core.errors import ConvoxError
from convox.providers.local.engine_errors import refusal, unreachable
from convox.providers.local.engine_values import LogEntry

_HEAD_LIMIT = 65536
_LINE_LIMIT = 1024 * 1024
_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}
_EPOCH = datetime.fromtimestamp(0, UTC)


class RawStream:
    """Both directions of one connection; readable as a body that is read once (`Chunks`)."""

    def __init__(self, connection: socket.socket, ahead: bytes = b"") -> None:
        self._socket = connection
        self._ahead = ahead

    def read(self, size: int = 65536, /) -> bytes:
        """Return the next bytes, b"" at the end or once closed; blocks."""
        if self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        try:
            return self._socket.recv(size)
        except OSError:
            return b""

    def readable(self, seconds: float) -> bool:
        """Wait until `read` would not block; False when the time is over."""
        if self._ahead or self._socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            BrokenPipeError: the other side is gone.
        """
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise BrokenPipeError("the process no longer reads") from error

    def end_input(self) -> None:
        """Close our direction only."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End both directions; idempotent, from any thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def open_stream(
    path: str, request: str, *, doing: str, body: object = None, head_timeout_s: float | None = 60
) -> RawStream:
    """Send one request and return the body of its answer as a stream.

    Args:
        path: path of the engine's socket.
        request: method and target, as in "GET /v1.41/events".
        doing: what it is for, in the words of an error.
        body: JSON to send; the connection is then upgraded to a duplex stream.
        head_timeout_s: how long the first bytes of the answer may take.

    Raises:
        ConvoxError: of the kind that `engine_errors` maps the answer to.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(head_timeout_s)
        connection.connect(path)
        connection.sendall(_head_of(request, body))
        head, ahead = _read_head(connection)
        status = int(head.split(b" ", 2)[1])
        message = _read_message(connection, head, ahead) if status >= 400 else ""
        connection.settimeout(None)
    except OSError as error:
        connection.close()
        raise unreachable(f"unix://{path}") from error
    if status >= 400:
        connection.close()
        raise refusal(status, message, doing)
    return RawStream(connection, ahead)


def _head_of(request: str, body: object) -> bytes:
    if body is None:
        return f"{request} HTTP/1.0\r\nHost: docker\r\n\r\n".encode()
    content = json.dumps(body)
    head = (
        f"{request} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return (head + content).encode()


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        if not more or len(data) > _HEAD_LIMIT:
            raise ConnectionError("no answer")
        data += more
    head, _, ahead = data.partition(b"\r\n\r\n")
    return head, ahead


def _read_message(connection: socket.socket, head: bytes, body: bytes) -> str:
    length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    wanted = int(length.group(1)) if length else _HEAD_LIMIT
    while len(body) < wanted and (more := connection.recv(4096)):
        body += more
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")


class Demultiplexer:
    """Cuts the engine's interleaved stdout and stderr into whole frames."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Take bytes as they come; return the frames that they complete, as (stream, bytes)."""
        self._data += data
        frames, start = [], 0
        while len(self._data) - start >= 8:
            kind, size = struct.unpack_from(">BxxxL", self._data, start)
            if len(self._data) - start - 8 < size:
                break
            frame = bytes(self._data[start + 8 : start + 8 + size])
            frames.append((_STREAMS.get(kind, "stdout"), frame))
            start += 8 + size
        del self._data[:start]
        return frames


class ExecSession:
    """A command that runs in a container, or a container's own first process."""

    def __init__(
        self,
        raw: RawStream,
        *,
        tty: bool,
        find_exit_code: Callable[[], int | None],
        resize: Callable[[int, int], None],
        hang_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._raw = raw
        self._frames = None if tty else Demultiplexer()
        self._find_exit_code = find_exit_code
        self._resize = resize
        self._hang_up = hang_up
        self._closed = Event()

    def read(self) -> bytes:
        """Return the next output, stdout and stderr merged; b"" at the end. Blocks."""
        while data := self._raw.read():
            if self._frames is None:
                return data
            if output := b"".join(frame for _, frame in self._frames.feed(data)):
                return output
        return b""

    def write(self, data: bytes) -> None:
        """Send input.

        Raises:
            BrokenPipeError: the process no longer reads.
        """
        self._raw.write(data)

    def end_input(self) -> None:
        """End the input; the output goes on.

        On a terminal that is the end-of-file character, as a person would type it: the engine
        drops the output of a terminal whose input is closed.
        """
        if self._frames is None:
            with suppress(BrokenPipeError):
                self._raw.write(b"\x04")
        else:
            self._raw.end_input()

    def close(self) -> None:
        """End both directions and wake a blocked read; idempotent, from any thread."""
        self._closed.set()
        self._raw.close()

    def hang_up(self) -> None:
        """Tell the process that its terminal is gone, as a closed window does; best effort."""
        if self._frames is None and not self._closed.is_set():
            self._hang_up()

    def exit_code(self) -> int:
        """Return the exit code, waiting for the end; -1 if closed while still running."""
        while (code := self._find_exit_code()) is None:
            if self._closed.wait(0.02):
                code = self._find_exit_code()
                return -1 if code is None else code
        return code

    def resize(self, height: int, width: int) -> None:
        """Set the size of the terminal; a command not yet started is waited for, a moment."""
        for _ in range(50):
            if self._resized(height, width) or self._closed.wait(0.02):
                return

    def _resized(self, height: int, width: int) -> bool:
        try:
            self._resize(height, width)
        except ConvoxError:
            return False
        return True


class LogReader:
    """The lines that a container wrote, oldest first; iterate once, `close()` from any thread."""

    def __init__(self, raw: RawStream, *, tty: bool) -> None:
        self._raw = raw
        self._tty = tty

    def close(self) -> None:
        """End the iteration."""
        self._raw.close()

    def __iter__(self) -> Iterator[LogEntry]:
        try:
            yield from self._entries()
        finally:
            self._raw.close()

    def _entries(self) -> Iterator[LogEntry]:
        pending: dict[str, tuple[datetime, bytes]] = {}
        for stream, frame in self._frames():
            at, text = _stamped(frame)
            if stream in pending:
                # The engine cuts long lines: the pieces come without newlines, with one timestamp.
                begun, start = pending.pop(stream)
                if begun == at:
                    text = start + text
                else:
                    yield LogEntry(stream, begun, start)
            if text.endswith(b"\n") or len(text) > _LINE_LIMIT:
                yield LogEntry(stream, at, text.removesuffix(b"\n").removesuffix(b"\r"))
            else:
                pending[stream] = (at, text)
        for stream, (at, text) in pending.items():
            yield LogEntry(stream, at, text)

    def _frames(self) -> Iterator[tuple[str, bytes]]:
        if self._tty:
            yield from (("stdout", line) for line in _lines(self._raw))
            return
        frames = Demultiplexer()
        while data := self._raw.read():
            yield from frames.feed(data)


def _stamped(frame: bytes) -> tuple[datetime, bytes]:
    stamp, _, text = frame.partition(b" ")
    try:
        return datetime.fromisoformat(stamp.decode()), text
    except ValueError:
        return _EPOCH, frame


def _lines(raw: RawStream) -> Iterator[bytes]:
    rest = b""
    while data := raw.read():
        *whole, rest = (rest + data).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


def json_lines(raw: RawStream, stop: Event, *, poll_s: float = 0.5) -> Iterator[dict[str, Any]]:
    """Yield each JSON line until the stream ends or `stop` is set; closes the stream."""
    rest = b""
    try:
        while not stop.is_set():
            if not raw.readable(poll_s):
                continue
            if not (data := raw.read()):
                return
            *whole, rest = (rest + data).split(b"\n")
            yield from (json.loads(line) for line in whole if line.strip())
    finally:
        raw.close()
