"""Log bytes made safe for the existing client, and the form in which a line is stored.

The existing client writes logs through a writer that strips `ESC[...m` and expands markup such as
`<ok>...</ok>`; when that changes the number of bytes it stops, with an error. So what a rack keeps
and sends holds no `ESC[` and none of the client's closing tags: control sequences are removed,
and `</ok>` becomes `</ok >`, which means the same in HTML and XML. Nothing else is touched, bytes
that are no text included. `clean` is idempotent. No IO here; log_files.py stores what this makes.

Source: wire.md section 7, "ANSI/tag hazard"; cli.md, "Colours".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TAGS = (
    rb"app|build|command|dir|error|fail|h1|h2|header|id|info|ok|process|rack|release|service"
    rb"|setting|start|system|u|value|color1?[0-9]"
)
_CONTROL = re.compile(rb"\x1b+\[[0-?]*[ -/]*[@-~]?")
_CLOSING = re.compile(rb"</(" + _TAGS + rb")>")
_CONTROL_BEGUN = re.compile(rb"\x1b{1,8}(?:\[[0-?]{0,32}[ -/]{0,8})?\Z")
_CLOSING_BEGUN = re.compile(rb"<(?:/[a-z0-9]{0,8})?\Z")
_LONGEST_BEGUN = 64

KEY_LENGTH = 30
"""`2026-01-02T03:04:05.123456789Z`: fixed width, so that bytes compare as times do."""


def clean(data: bytes) -> bytes:
    """Return the bytes without control sequences and without the client's closing tags."""
    if b"\x1b" in data:
        data = _CONTROL.sub(b"", data)
    return _CLOSING.sub(rb"</\1 >", data) if b"</" in data else data


class Cleaner:
    """`clean` for a stream: the same result however the bytes are cut into pieces."""

    def __init__(self) -> None:
        self._control = b""
        self._closing = b""

    def feed(self, data: bytes) -> bytes:
        """Return what is certain by now; a beginning of a sequence waits for the rest."""
        data, self._control = _cut(self._control + data, _CONTROL_BEGUN)
        data, self._closing = _cut(self._closing + _CONTROL.sub(b"", data), _CLOSING_BEGUN)
        return _CLOSING.sub(rb"</\1 >", data)

    def flush(self) -> bytes:
        """Return what was held back, at the end of the stream."""
        held = self._closing + _CONTROL.sub(b"", self._control)
        self._control = self._closing = b""
        return _CLOSING.sub(rb"</\1 >", held)


def _cut(data: bytes, begun: re.Pattern[bytes]) -> tuple[bytes, bytes]:
    """Return what is certain, and the beginning of a sequence at the end."""
    found = begun.search(data, max(0, len(data) - _LONGEST_BEGUN))
    return (data[: found.start()], data[found.start() :]) if found else (data, b"")


def key_of(moment: datetime) -> bytes:
    """Return the key of a moment, nine digits of fraction."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()


def key_of_ns(nanos: int) -> bytes:
    """Return the key of nanoseconds since 1970."""
    seconds, rest = divmod(nanos, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z".encode()


def nanoseconds(key: bytes) -> int:
    """Return the nanoseconds since 1970 of a key."""
    whole = datetime.strptime(key[:19].decode(), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return int(whole.timestamp()) * 1_000_000_000 + int(key[20:29])


def stored(key: bytes, stream: bytes, message: bytes) -> bytes:
    """Return a line as it is kept: key, stream, message, one newline at its end."""
    flat = message.replace(b"\n", b" ") if b"\n" in message else message
    return b"%b %b %b\n" % (key, stream, clean(flat))


def with_prefix(line: bytes) -> bytes:
    """Return a stored line as `logs` shows it: whole seconds, stream, message."""
    return b"%bZ%b" % (line[:19], line[KEY_LENGTH:])


def message_of(line: bytes) -> bytes:
    """Return the message of a stored line, with its newline."""
    return line[line.index(b" ", KEY_LENGTH + 1) + 1 :]


def stream_of(line: bytes) -> bytes:
    """Return the stream of a stored line."""
    return line[KEY_LENGTH + 1 : line.index(b" ", KEY_LENGTH + 1)]
