"""Joining a terminal, a pipe or nothing to a stream that ends with an exit code.

The terminal is raw for as long as the stream is open and as it was before on every way out.
Source: wire.md section 7, "Exit code trailer".
"""

from __future__ import annotations

import os
import select
import sys
from threading import Event, Thread

from convox.core.errors import ConvoxError, FailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from convox.cli.context import Context
    from convox.client.socket import Socket

_MARKER = b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:"
_LONGEST_CODE = 16
_CHUNK = 16384
_LOOK_MS = 200


def size() -> dict[str, int | None]:
    """Return `height` and `width` of the terminal on stdout; None where there is none."""
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return {"height": None, "width": None}
    return {"height": lines, "width": columns}


def attach(ctx: Context, socket: Socket) -> int:
    """Carry bytes until the stream ends; return the exit code that it ended with.

    Raises:
        FailedError: it ended without one.
        UnavailableError: the connection was lost.
    """
    done = Event()
    feeder = Thread(
        target=_feed, args=(ctx.stdin.fileno(), socket, done), name="stdin", daemon=True
    )
    trailer = Trailer(ctx.out.raw)
    with _Raw(ctx.stdin.fileno()):
        feeder.start()
        try:
            while data := socket.read():
                trailer.feed(data)
        finally:
            done.set()
            socket.close()
    feeder.join(1)
    return trailer.code()


class Trailer:
    """Passes output on and keeps the exit code that ends it, however the bytes are cut."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._held = b""
        self._refused = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes; what cannot be the trailer is written."""
        data = self._held + data
        at = _possible(data)
        while at < len(data) and _ended(data[at:]):
            at = _possible(data, at + 1)  # the command itself has printed the marker
        self._held = data[at:]
        if at:
            self._refused = data.startswith(b"ERROR: ")
            self._write(data[:at])

    def code(self) -> int:
        """Return the exit code, at the end of the stream.

        Raises:
            FailedError: there was none.
        """
        text = self._held.removeprefix(_MARKER)
        if self._held.startswith(_MARKER) and _is_code(text):
            return int(text) & 0xFF
        if self._held:
            self._write(self._held)
        if self._refused:
            return 1  # the rack has said why, in words that were just written
        raise FailedError("lost connection: the command's end was not reported")


def _possible(data: bytes, start: int = 0) -> int:
    """Return where a trailer, or a beginning of its marker, stands; the length if nowhere."""
    at = data.find(_MARKER, start)
    if at >= 0:
        return at
    for size in range(min(len(_MARKER) - 1, len(data) - start), 0, -1):
        if data.endswith(_MARKER[:size]):
            return len(data) - size
    return len(data)


def _ended(tail: bytes) -> bool:
    """Tell whether what begins with the marker can be no trailer: it goes on after the code."""
    if not tail.startswith(_MARKER):
        return False
    text = tail.removeprefix(_MARKER)
    return len(text) > _LONGEST_CODE or (b"\n" in text and not _is_code(text))


def _is_code(text: bytes) -> bool:
    digits = text.removesuffix(b"\n").removeprefix(b"-")
    return digits.isdigit()


def _feed(descriptor: int, socket: Socket, done: Event) -> None:
    """Copy standard input to the stream, then say that it has ended."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        while not done.is_set():
            if not poll.poll(_LOOK_MS):
                continue  # so that nothing is read from a terminal once the command is over
            data = os.read(descriptor, _CHUNK)
            if not data:
                socket.end()
                return
            socket.write(data)
    except (OSError, ConvoxError):
        pass  # the reader of the stream tells how it ended


class _Raw:
    """Makes a terminal raw for a block; nothing where there is no terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._saved: list[object] | None = None

    def __enter__(self) -> None:
        """Save the terminal's settings and make it raw."""
        if not os.isatty(self._descriptor):
            return
        import signal
        import termios
        import tty

        self._saved = termios.tcgetattr(self._descriptor)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        tty.setraw(self._descriptor)

    def __exit__(self, *_: object) -> None:
        """Put the terminal back."""
        if self._saved is not None:
            import termios

            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._saved)  # type: ignore[arg-type]


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
