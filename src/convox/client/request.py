"""One request as bytes: target, headers that every rack expects, a body whole or in pieces.

It opens nothing and reads no answer; `http.py` and `socket.py` do. Nothing that a caller passes can
add a line to the head.
"""

from __future__ import annotations

from convox import __version__
from convox.client.endpoint import form, quote
from convox.core import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from convox.client.endpoint import Endpoint
    from convox.client.transport import Wire
    from convox.core.stream import Chunks

    Body = bytes | Chunks | BinaryIO | None

_CHUNK = 65536
_PATH_SAFE = "/:@!$&'()*+,;="


class Request:
    """A request ready to be written, and rewritten if the server asks for a session first."""

    def __init__(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None,
        fields: Mapping[str, str] | None,
        body: Body,
        length: int | None,
    ) -> None:
        self.method = method
        self.target = target
        self._headers = dict(headers or {})
        self._type = "application/octet-stream"
        self._length = length
        self._body = body
        self.whole: bytes | None = None
        if fields:
            self._type = "application/x-www-form-urlencoded"
            self.whole = form(dict(fields)).encode()
        elif body is None or isinstance(body, bytes):
            self.whole = body or b""

    def head(self, endpoint: Endpoint) -> bytes:
        """Return everything before the body."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Content-Type: {self._type}"]
        lines += standard_headers(endpoint)
        lines += [f"{name}: {clean(value)}" for name, value in self._headers.items()]
        length = len(self.whole) if self.whole is not None else self._length
        if length is None:
            lines.append("Transfer-Encoding: chunked")
        elif length or self.method != "GET":
            lines.append(f"Content-Length: {length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode(errors="surrogateescape")

    def stream(self, wire: Wire) -> None:
        """Write a body that is not whole: in chunks, or as long as was announced.

        Raises:
            InvalidError: it is shorter than announced.
        """
        body, left = self._body, self._length
        assert body is not None and not isinstance(body, bytes)  # noqa: S101  whole is None
        if left is None:
            while data := body.read(_CHUNK):
                wire.send(b"%x\r\n%b\r\n" % (len(data), data))
            wire.send(b"0\r\n\r\n")
            return
        while left and (data := body.read(min(_CHUNK, left))):
            left -= len(data)
            wire.send(data)
        if left:
            raise errors.InvalidError("the body is not as long as was announced")

    def rewind(self) -> None:
        """Go back to the beginning of the body.

        Raises:
            UnauthenticatedError: it cannot be sent twice.
        """
        if self.whole is None:
            seek = getattr(self._body, "seek", None)
            if seek is None:
                raise errors.UnauthenticatedError("the session has ended", fix="try it again")
            seek(0)


def standard_headers(endpoint: Endpoint) -> list[str]:
    """Return the header lines that every request to `endpoint` carries."""
    lines = [
        f"Host: {endpoint.name}",
        f"User-Agent: convox/{__version__}",
        "Version: dev",
        "Accept: */*",
        "Accept-Encoding: identity",
        f"Session: {clean(endpoint.session)}",
    ]
    if endpoint.authorization:
        lines.append(f"Authorization: {endpoint.authorization}")
    if endpoint.rack:
        lines.append(f"Rack: {clean(endpoint.rack)}")
    return lines


def clean(value: str) -> str:
    """Make a header value safe as Go's header writer does: line breaks become spaces."""
    return value.replace("\r", " ").replace("\n", " ").replace("\0", " ")


def target(endpoint: Endpoint, path: str, query: Mapping[str, str] | None) -> str:
    """Return the request target: the endpoint's prefix, the path made safe, the query."""
    full = endpoint.prefix + quote(path, _PATH_SAFE)
    return f"{full}?{form(dict(query))}" if query else full
