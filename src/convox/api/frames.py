"""What travels on a socket route: text frames of raw bytes, an empty binary frame as the end.

Sans-IO: values in, values out; both ends of the wire use it and neither is known here. Text
frames are never read as UTF-8. The exit status is a message of its own, because the existing
client reads everything behind its marker as the number.

Source: wire.md section 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

EXIT_MARKER = b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:"

_TRAILER = re.compile(re.escape(EXIT_MARKER) + rb"(-?\d{1,18})\n\Z")
_ERROR = re.compile(rb"ERROR: (.*)\n", re.DOTALL)


@dataclass(frozen=True)
class Frame:
    """One websocket message: text with raw bytes, or binary, which ends its direction."""

    data: bytes = b""
    binary: bool = False


END = Frame(binary=True)


def text(data: bytes) -> Frame:
    """Return the frame that carries `data`."""
    return Frame(data)


def exit_status(code: int) -> Frame:
    """Return the frame that carries an exit status; nothing but the end may follow."""
    return Frame(EXIT_MARKER + b"%d\n" % code)


def error(message: str) -> Frame:
    """Return the frame that tells the user of a failure after the upgrade."""
    return Frame(f"ERROR: {message}\n".encode("utf-8", "replace"))


def payload(frame: Frame) -> bytes | None:
    """Return what a received frame carries: bytes, or None when it ends the direction."""
    return None if frame.binary else frame.data


@dataclass(frozen=True)
class Ending:
    """How a duplex stream ended: with an exit status, with an error, or with neither."""

    status: int | None = None
    error: str = ""


class EndScanner:
    """Takes the exit status or the error out of received messages, and nothing that looks alike.

    Feed it every message; what it returns is output. A message that could be the last is held
    back until the next one: only the last message of a stream tells how it ended.
    """

    def __init__(self) -> None:
        self._held = b""
        self._ending = Ending()

    def feed(self, message: bytes) -> bytes:
        """Return the output that is certain now."""
        output, self._held, self._ending = self._held, b"", Ending()
        trailer = _TRAILER.search(message)
        error = _ERROR.fullmatch(message)
        if trailer:
            self._hold(message[trailer.start() :], Ending(status=int(trailer.group(1))))
            return output + message[: trailer.start()]
        if error:
            self._hold(message, Ending(error=error.group(1).decode("utf-8", "replace")))
            return output
        return output + message

    def finish(self) -> Ending:
        """Return how the stream ended."""
        return self._ending

    def _hold(self, message: bytes, ending: Ending) -> None:
        self._held, self._ending = message, ending
