"""A websocket to a rack: bytes in text frames, an empty binary frame as the end of a direction.

Just enough of RFC 6455 for that, over the same connections as HTTP: no extension, no subprotocol,
no check that text is UTF-8 (terminals and TCP are not). The websocket library would load for
longer than most commands run. It gives no meaning to the bytes; `cli/shells.py` and the typed
client do. Source: wire.md section 7.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock

from convox.client.http import error_message, read_head, refusal
from convox.client.request import clean, standard_headers, target
from convox.client.transport import dial
from convox.core import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from convox.client.endpoint import Endpoint
    from convox.client.http import Http
    from convox.client.transport import Wire

PING_S = 5.0
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_LONGEST_ERROR = 65536


class Socket:
    """Both directions of a stream; one thread may read while others write."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sending = allocate_lock()
        self._pinged = time.monotonic()
        self.ended = False
        """True once the other side has said that it has finished."""

    def read(self) -> bytes:
        """Return what comes next, b"" at the end; blocks, and pings while it waits.

        Raises:
            UnavailableError: the connection was lost before the end.
        """
        while not self.ended:
            try:
                opcode, payload = self._frame()
            except (OSError, EOFError) as error:
                raise errors.UnavailableError("lost connection inside a stream") from error
            if opcode == _BINARY or (opcode == _CLOSE and _is_normal(payload)):
                self.ended = True
            elif opcode == _CLOSE:
                raise errors.UnavailableError("the rack closed a stream before its end")
            elif opcode == _PING:
                self._send(_PONG, payload)
            elif opcode in (_TEXT, _CONTINUATION) and payload:
                return payload
        return b""

    def write(self, data: bytes) -> None:
        """Send bytes; blocks while the other side does not read.

        Raises:
            BrokenPipeError: the other side is gone.
        """
        if data:
            self._send(_TEXT, data)

    def end(self) -> None:
        """Say that no more will be written; reading goes on."""
        self._send(_BINARY, b"")

    def close(self) -> None:
        """Drop the connection; wakes a read in another thread. Idempotent."""
        self._wire.shutdown()
        self._wire.close()

    def _frame(self) -> tuple[int, bytes]:
        head = self._exactly(2)
        opcode, length = head[0] & 0x0F, head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(self._exactly(2 if length == 126 else 8))
        mask = self._exactly(4) if head[1] & 0x80 else b""
        payload = self._exactly(length)
        return opcode, _masked(payload, mask) if mask else payload

    def _exactly(self, size: int) -> bytes:
        while True:
            left = self._pinged + PING_S - time.monotonic()
            if left <= 0:
                self._send(_PING, b"")
                self._pinged = time.monotonic()
                continue
            data = self._wire.exactly(size, left)
            if data is not None:
                return data

    def _send(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | opcode, 0x80 | size))
        elif size < 65536:
            head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2)
        else:
            head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8)
        mask = os.urandom(4)
        try:
            with self._sending:
                self._wire.send(head + mask + _masked(payload, mask))
        except OSError as error:
            raise BrokenPipeError(f"lost connection: {error}") from error


def connect(client: Http | Endpoint, path: str, headers: Mapping[str, str]) -> Socket:
    """Open the stream at `path`; `headers` are the options of the route. The caller closes it.

    A console that asks for a session gets one when `client` is an `Http`.

    Raises:
        ConvoxError: the rack refused; kind and sentence as for any request.
        UnavailableError: the rack cannot be reached.
    """
    from convox.client.http import Http

    endpoint = client.endpoint if isinstance(client, Http) else client
    try:
        return _open(endpoint, path, headers)
    except _RefusedError as refused:
        if not isinstance(client, Http) or not client.renew(refused.challenge):
            raise refused.error from None
    try:
        return _open(endpoint, path, headers)
    except _RefusedError as refused:
        raise refused.error from None


class _RefusedError(Exception):
    def __init__(self, error: errors.ConvoxError, challenge: str) -> None:
        super().__init__()
        self.error = error
        self.challenge = challenge


def _open(endpoint: Endpoint, path: str, headers: Mapping[str, str]) -> Socket:
    wire = dial(endpoint)
    try:
        _upgrade(wire, endpoint, path, headers)
    except BaseException as error:
        wire.close()
        if isinstance(error, (OSError, EOFError)):
            raise errors.UnavailableError(f"lost connection to {endpoint.where}") from error
        raise
    return Socket(wire)


def _upgrade(wire: Wire, endpoint: Endpoint, path: str, headers: Mapping[str, str]) -> None:
    from binascii import b2a_base64

    key = b2a_base64(os.urandom(16), newline=False)
    scheme = "https" if endpoint.scheme == "https" else "http"
    lines = [
        f"GET {target(endpoint, path, None)} HTTP/1.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key.decode()}",
        f"Origin: {scheme}://{endpoint.name.lower()}",
        *standard_headers(endpoint),
        *(f"{name}: {clean(value)}" for name, value in headers.items()),
    ]
    wire.send(("\r\n".join(lines) + "\r\n\r\n").encode(errors="surrogateescape"))
    status, fields = read_head(wire)
    if status != 101:
        raise _refusal(wire, status, fields)
    if fields.get("sec-websocket-accept", "").encode() != _accept(key):
        raise errors.UnavailableError(f"{endpoint.where} does not speak websockets")


def _accept(key: bytes) -> bytes:
    from binascii import b2a_base64
    from hashlib import sha1

    return b2a_base64(sha1(key + _GUID, usedforsecurity=False).digest(), newline=False)


def _refusal(wire: Wire, status: int, fields: dict[str, str]) -> _RefusedError:
    length = fields.get("content-length", "")
    size = min(int(length) if length.isdecimal() else 0, _LONGEST_ERROR)
    body = wire.exactly(size, 5.0) or b"" if size else b""
    error = refusal(status, error_message(status, body.decode(errors="replace")))
    return _RefusedError(error, fields.get("www-authenticate", ""))


def _is_normal(payload: bytes) -> bool:
    """Tell whether a close frame is a clean end: none, 1000, 1001 or no status at all."""
    return len(payload) < 2 or int.from_bytes(payload[:2]) in (1000, 1001, 1005)


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    stream = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(stream)).to_bytes(size)
