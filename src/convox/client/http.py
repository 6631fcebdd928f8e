"""HTTP/1.1 to a rack, no more than a rack needs: keep-alive, bodies streamed in both directions.

The standard library's client imports the e-mail parser, which alone doubles the time of a short
command; this one is a tenth of it. It decodes no shapes and knows no route: the typed client and
the CLI's request table do. It never follows a redirect, so that credentials go where they were
meant to go. Read `request.py` for what is written, `transport.py` for connections, `socket.py`
for streams.
"""

from __future__ import annotations

from convox.client.request import Request, target
from convox.client.transport import Wire, dial
from convox.core import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from convox.client.endpoint import Endpoint
    from convox.client.request import Body

_KINDS = {
    401: errors.UnauthenticatedError,
    403: errors.ConflictError,
    404: errors.NotFoundError,
    503: errors.UnavailableError,
}
_CLOSED = ("BrokenPipeError", "ConnectionResetError", "SSLEOFError", "SSLZeroReturnError")
"""Errors of a write when the other side has closed; TLS's by name, as `ssl` is slow to import."""
_LONGEST_ERROR = 65536
_CHUNK = 65536


class Response:
    """An answer whose body has not been read yet; `close()` it, or read it to its end."""

    def __init__(self, status: int, headers: dict[str, str], body: _Body) -> None:
        self.status = status
        self.headers = headers
        """Names in lower case; of a repeated header the last."""
        self._body = body

    def read(self, size: int = _CHUNK, /) -> bytes:
        """Return 1 to `size` bytes, b"" at the end; blocks.

        Raises:
            UnavailableError: the connection was lost before the end of the body.
        """
        try:
            return self._body.read(size)
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise errors.UnavailableError("connection lost in the middle of an answer") from error

    def content(self) -> bytes:
        """Return the whole body; for answers that are small by contract."""
        parts = []
        while part := self.read():
            parts.append(part)
        return b"".join(parts)

    def text(self) -> str:
        """Return the whole body as text."""
        return self.content().decode(errors="replace")

    def json(self) -> Any:
        """Return the whole body, parsed.

        Raises:
            FailedError: it is not JSON.
        """
        import json

        try:
            return json.loads(self.content())
        except ValueError as error:
            raise errors.FailedError("the answer is not JSON", why=str(error)) from error

    def close(self) -> None:
        """Drop what is left of the body; idempotent."""
        self._body.close()


class Http:
    """Requests to one endpoint. Threads may share it: each request takes its own connection."""

    def __init__(self, endpoint: Endpoint, on_session: Callable[[str], None] | None = None) -> None:
        """Make a client; `on_session` is told a session id that a console has granted."""
        self.endpoint = endpoint
        self._on_session = on_session
        self._idle: list[Wire] = []

    def request(  # noqa: PLR0913  the carriers of the wire, each by name
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Body = None,
        length: int | None = None,
    ) -> Response:
        """Send one request and return its answer, the body still to be read.

        `body` is read to its end and not closed; without `length` it travels in chunks.

        Raises:
            ConvoxError: the answer's status is 400 or more; the kind follows the status.
            UnavailableError: the endpoint cannot be reached, or the connection was lost.
        """
        request = Request(method, target(self.endpoint, path, query), headers, form, body, length)
        response = self._exchange(request)
        if response.status == 401 and self._renewed(response):
            request.rewind()
            response = self._exchange(request)
        if response.status >= 300:
            raise _error(response)
        return response

    def renew(self, challenge: str) -> bool:
        """Get a session from a console that asks for one; False if `challenge` does not.

        Raises:
            UnauthenticatedError: it wants a security key.
        """
        parts = challenge.split('"')
        if len(parts) != 5 or parts[0] != "Session path=" or parts[2] != " token=":
            return False
        if parts[3] == "true":
            raise errors.UnauthenticatedError(
                f"{self.endpoint.where} wants a security key to be touched",
                why="this client cannot use security keys",
                fix="use a deploy key, or the existing client for this request",
            )
        request = Request("POST", target(self.endpoint, parts[1], None), None, None, None, None)
        response = self._exchange(request)
        if response.status >= 300:
            raise _error(response)
        self.endpoint.session = str(response.json().get("id", ""))
        if self._on_session:
            self._on_session(self.endpoint.session)
        return True

    def _renewed(self, response: Response) -> bool:
        """Get a session if a refusal asks for one; closes the refusal if it is of no more use."""
        try:
            renewed = self.renew(response.headers.get("www-authenticate", ""))
        except errors.ConvoxError:
            response.close()
            raise
        if renewed:
            response.close()
        return renewed

    def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, request: Request) -> Response:
        wire, fresh = self._wire(request)
        try:
            return self._send(wire, request)
        except (OSError, EOFError) as error:
            if fresh:
                raise _lost(self.endpoint, error) from error
        try:
            return self._send(dial(self.endpoint), request)  # the idle connection had been closed
        except (OSError, EOFError) as error:
            raise _lost(self.endpoint, error) from error

    def _wire(self, request: Request) -> tuple[Wire, bool]:
        # An idle connection may be closed in the very moment of its next use. Only what may be
        # sent twice can then be sent again, so whatever else gets a new one.
        while self._idle and request.method == "GET":
            wire = self._idle.pop()
            if not wire.stale():
                return wire, False
            wire.close()
        return dial(self.endpoint), True

    def _send(self, wire: Wire, request: Request) -> Response:
        try:
            return self._answered(wire, request)
        except BaseException:
            wire.close()
            raise

    def _answered(self, wire: Wire, request: Request) -> Response:
        head = request.head(self.endpoint)
        if request.whole is not None:
            wire.send(head + request.whole)
        else:
            wire.send(head)
            try:
                request.stream(wire)
            except OSError as error:
                if type(error).__name__ not in _CLOSED:
                    raise
                # An early refusal: the answer says more than the broken pipe.
                return self._refused(wire, request, error)
        return self._read(wire, request)

    def _refused(self, wire: Wire, request: Request, broken: OSError) -> Response:
        """Return the answer that came before the request had been sent."""
        try:
            return self._read(wire, request)
        except (OSError, EOFError):
            raise broken from None

    def _read(self, wire: Wire, request: Request) -> Response:
        status, fields = read_head(wire)
        while 100 <= status < 200:
            status, fields = read_head(wire)
        body = _Body(wire, _framing(request.method, status, fields), self._idle)
        body.reusable = fields.get("connection", "").lower() != "close"
        return Response(status, fields, body)


class _Body:
    """The rest of one answer on its connection; gives the connection back at the body's end."""

    def __init__(self, wire: Wire, framing: str | int, idle: list[Wire]) -> None:
        self._wire: Wire | None = wire
        self._chunked = framing == "chunked"
        self._left: int | None = framing if isinstance(framing, int) else 0
        """Bytes left of the body or of its chunk; None when only the connection's end tells."""
        if framing == "close":
            self._left = None
        self._idle = idle
        self.reusable = True

    def read(self, size: int) -> bytes:
        if self._wire is None:
            return b""
        if self._chunked and not self._left:
            self._left = int(self._wire.line().partition(b";")[0], 16)
            if not self._left:
                while self._wire.line():
                    pass
        if self._left == 0:
            self._finish()
            return b""
        data = self._wire.read(size if self._left is None else min(size, self._left))
        if self._left is not None:
            self._took(data)
        elif not data:
            self.close()
        return data

    def _took(self, data: bytes) -> None:
        assert self._left is not None and self._wire is not None  # noqa: S101
        if not data:
            raise EOFError
        self._left -= len(data)
        if self._chunked and not self._left:
            self._wire.line()
        elif not self._left:
            self._finish()

    def _finish(self) -> None:
        if self._wire is not None and self.reusable:
            self._idle.append(self._wire)
            self._wire = None
        self.close()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def read_head(wire: Wire) -> tuple[int, dict[str, str]]:
    """Read a status line and headers, names in lower case."""
    parts = wire.line().split(None, 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        raise ConnectionError("the answer is not HTTP")
    fields: dict[str, str] = {}
    while line := wire.line():
        name, _, value = line.partition(b":")
        fields[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
    return int(parts[1]), fields


def refusal(status: int, message: str) -> errors.ConvoxError:
    """Return the error of the kind that `status` stands for."""
    return _KINDS.get(status, errors.FailedError)(message)


def _framing(method: str, status: int, fields: dict[str, str]) -> str | int:
    if method == "HEAD" or status in (204, 304):
        return 0
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return "chunked"
    length = fields.get("content-length", "")
    return int(length) if length.isdecimal() else "close"


def _error(response: Response) -> errors.ConvoxError:
    """Turn an answer of 300 or more into the error it means (wire.md section 4)."""
    status = response.status
    if status < 400:
        response.close()
        return errors.FailedError(f"redirected to {response.headers.get('location', 'nowhere')}")
    body = response.read(_LONGEST_ERROR)
    while len(body) < _LONGEST_ERROR and (more := response.read(_LONGEST_ERROR - len(body))):
        body += more
    response.close()
    message = error_message(status, body.decode(errors="replace"))
    return refusal(status, message)


def error_message(status: int, body: str) -> str:
    """Return the sentence in an error's body: JSON `error`, else the text, else the status."""
    text = body.strip()
    if text.startswith("{"):
        import json

        try:
            text = str(json.loads(text).get("error") or "") or text
        except ValueError:
            pass  # not JSON after all: shown as it is
    return text or f"response status {status}"


def _lost(endpoint: Endpoint, error: Exception) -> errors.UnavailableError:
    if isinstance(error, EOFError):
        why = "it closed the connection without an answer"
    else:
        why = getattr(error, "strerror", "") or str(error)
    return errors.UnavailableError(f"lost connection to {endpoint.where}: {why.lower()}")
