"""`Rack` over HTTP: every operation of the contract as a call to another machine.

Made from the contract at the first call, so there is no method here to read: `connect` answers
an object that `operations()` describes and mypy sees as a `Rack`. The console and the tests use
it; the CLI has its own literal table, because the contract takes too long to load there. Read
http.py for requests and socket.py for streams.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, cast

from convox.api import codec, parameters
from convox.api.frames import EndScanner
from convox.api.operations import Kind, Operation, operations
from convox.api.parameters import Request
from convox.api.rack import Rack
from convox.client import socket
from convox.client.http import Http, Response
from convox.client.socket import Socket
from convox.core.errors import ConvoxError, FailedError, NotFoundError
from convox.core.stream import Chunks, Sink, Stream


def connect(http: Http) -> Rack:
    """Return the rack at the other end; threads may share it. The caller closes `http`."""
    return cast("Rack", _Remote(http))


class _Remote:
    def __init__(self, http: Http) -> None:
        self._http = http

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = operations().get(name)
        if operation is None:
            raise AttributeError(f"a rack has no operation {name}")
        return functools.partial(self._call, operation)

    def _call(self, operation: Operation, *positional: Any, **named: Any) -> Any:
        signature = inspect.signature(getattr(Rack, operation.name))
        arguments = signature.bind(self, *positional, **named).arguments
        path = {name: arguments[name] for name in operation.path_names}
        request = parameters.request(operation, path, arguments.get("opts"))
        match operation.kind:
            case Kind.SHELL | Kind.TUNNEL:
                status = _converse(self._open(request), arguments["stream"])
                return _checked(operation, status)
            case Kind.LOGS:
                return _Feed(lambda: self._open(request))
            case Kind.DOWNLOAD:
                return self._send(request)
            case Kind.UPLOAD:
                return _result(operation, self._send(request, arguments["body"]))
            case Kind.CALL if operation.method == "HEAD":
                return self._exists(request)
            case Kind.CALL:
                return _result(operation, self._send(request))

    def _send(self, request: Request, body: Chunks | None = None) -> Response:
        return self._http.request(
            request.method,
            request.path,
            query=dict(request.query) or None,
            headers=request.headers,
            form=dict(request.form) if request.form else None,
            body=body,
        )

    def _exists(self, request: Request) -> bool:
        try:
            self._send(request).close()
        except NotFoundError:
            return False
        return True

    def _open(self, request: Request) -> Socket:
        return socket.connect(self._http, request.path, request.headers)


class _Feed:
    """A log at the other end; a thread for each reader, which ends when it detaches."""

    def __init__(self, open_socket: Callable[[], Socket]) -> None:
        self._open = open_socket

    def attach(self, sink: Sink) -> Callable[[], None]:
        carrier = self._open()

        def carry() -> None:
            with suppress(ConvoxError):  # a lost connection ends the log, as for the CLI
                while data := carrier.read():
                    sink(data)
            sink(None)
            carrier.close()

        Thread(target=carry, name="log-reader", daemon=True).start()
        return carrier.close


def _result(operation: Operation, response: Response) -> Any:
    body = response.content()
    return None if operation.result is type(None) else codec.load(operation.result, body)


def _converse(carrier: Socket, stream: Stream) -> int | None:
    """Carry both directions until the other end is done; return the exit status, if one came."""
    feeding = Thread(target=_feed, args=(carrier, stream), name="stream-input", daemon=True)
    feeding.start()
    scanner = EndScanner()
    try:
        while message := carrier.read():
            if output := scanner.feed(message):
                stream.write(output)
    finally:
        carrier.close()
        stream.close()
        feeding.join(5)
    ending = scanner.finish()
    if ending.error:
        raise FailedError(ending.error)
    return ending.status


def _feed(carrier: Socket, stream: Stream) -> None:
    with suppress(OSError):  # the other end is gone, which its reader finds out too
        while data := stream.read():
            carrier.write(data)
        if stream.gone:
            carrier.close()
        else:
            carrier.end()


def _checked(operation: Operation, status: int | None) -> int | None:
    if operation.kind is Kind.SHELL and status is None:
        raise FailedError("the stream ended without an exit status")
    return status
