"""One request from its headers to the provider and back: authenticate, authorize, read, call.

Everything a request may do passes here, sockets included, in that order; nothing of a provider
runs before the caller is known and allowed. Each request leaves one log line and, if its
operation has one, one event; neither holds a value that the contract does not call public.
app.py turns HTTP into `Exchange`s and hands them over; read it next.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from convox.api import parameters
from convox.api.operations import Kind, Operation
from convox.core import errors, ids
from convox.core.clock import Clock
from convox.core.errors import ConvoxError, NotFoundError, UnauthenticatedError
from convox.core.events import Emit, Event, Outcome
from convox.server import answers, bodies, sockets
from convox.server.auth import Actor, Auth
from convox.server.pools import Pool

_log = logging.getLogger(__name__)
_REFUSED = (
    errors.ConflictError,
    errors.DeniedError,
    errors.InvalidError,
    errors.NotFoundError,
    errors.UnauthenticatedError,
)


@dataclass
class Exchange:
    """What is known of one request so far; filled in on its way."""

    request: web.Request
    started: float
    id: str = field(default_factory=ids.request_id)
    operation: Operation | None = None
    variables: dict[str, str] = field(default_factory=dict)
    route: str = ""
    """The route when it is none of the contract's."""
    actor: Actor | None = None
    options: Any = None
    status: int = 0
    outcome: Outcome = Outcome.OK


@dataclass(frozen=True)
class Pools:
    """The threads of a server, by what they carry."""

    requests: Pool
    streams: Pool
    replays: Pool
    logins: Pool


class Dispatch:
    """Serves exchanges whose operation is known."""

    def __init__(self, rack: Any, auth: Auth, pools: Pools, *, form_limit: int) -> None:
        self._rack = rack
        self._auth = auth
        self._pools = pools
        self._form_limit = form_limit

    async def authenticate(self, exchange: Exchange) -> Actor:
        """Set and return the actor of an exchange.

        Raises:
            UnauthenticatedError: there is no credential or it opens nothing.
        """
        header = exchange.request.headers.get("Authorization")
        if not header:
            raise UnauthenticatedError("invalid authentication")
        actor = self._auth.recall(header)
        if actor is None:
            with self._pools.logins.slot():
                actor = await self._pools.logins.run(lambda: self._auth.verify(header))
        exchange.actor = actor
        return actor

    async def serve(self, exchange: Exchange, operation: Operation) -> web.StreamResponse:
        """Return the answer of an operation.

        Raises:
            ConvoxError: it was refused or failed, and no answer was begun.
        """
        if operation.method == "SOCKET":
            return await self._serve_socket(exchange, operation)
        call = await self._prepare(exchange, operation)
        request = exchange.request
        if operation.kind is Kind.UPLOAD:
            with self._pools.streams.slot():
                body = await bodies.upload(
                    request,
                    self._pools.streams,
                    lambda chunks: answers.encode(operation, call(chunks)),
                )
            return answers.success(operation, body)
        if operation.kind is Kind.DOWNLOAD:
            with self._pools.streams.slot():
                chunks = await self._pools.streams.run(call)
                return await bodies.download(request, self._pools.streams, chunks)
        return await self._call(operation, call)

    async def _call(self, operation: Operation, call: Callable[[], Any]) -> web.Response:
        with self._pools.requests.slot():
            if operation.method == "HEAD":
                exists = await self._pools.requests.run(call)
                return answers.plain(200 if exists else 404)
            body = await self._pools.requests.run(lambda: answers.encode(operation, call()))
        return answers.success(operation, body)

    async def _serve_socket(self, exchange: Exchange, operation: Operation) -> web.StreamResponse:
        try:
            call = await self._prepare(exchange, operation)
        except ConvoxError as e:
            socket = await sockets.upgrade(exchange.request)
            note_failure(exchange, e)
            await sockets.refuse(socket, e)
            return socket
        with self._slot(operation):
            socket = await sockets.upgrade(exchange.request)
            try:
                await self._stream(socket, operation, call)
            except Exception as e:  # noqa: BLE001  whatever it was, the client is told and it is logged
                await sockets.refuse(socket, note_failure(exchange, e))
            return socket

    def _slot(self, operation: Operation) -> Any:
        is_log = operation.kind is Kind.LOGS
        return (self._pools.replays if is_log else self._pools.streams).slot()

    async def _stream(
        self, socket: web.WebSocketResponse, operation: Operation, call: Callable[..., Any]
    ) -> None:
        if operation.kind is Kind.LOGS:
            await sockets.follow(socket, self._pools.replays, call)
        else:
            await sockets.run_stream(socket, self._pools.streams, call)

    async def _prepare(self, exchange: Exchange, operation: Operation) -> Callable[..., Any]:
        actor = await self.authenticate(exchange)
        actor.authorize(operation)
        method = getattr(self._rack, operation.name, None)
        if method is None:
            what = operation.summary.split("\n")[0].split(";")[0].rstrip(".")
            raise NotFoundError(
                f"this rack does not support {operation.name} yet", why=what[0].lower() + what[1:]
            )
        arguments = [exchange.variables[name] for name in operation.path_names]
        if operation.options is None:
            return lambda *stream: method(*arguments, *stream)
        options = exchange.options = await self._options(exchange.request, operation.options)
        return lambda *stream: method(*arguments, *stream, options)

    async def _options(self, request: web.Request, shape: type[Any]) -> Any:
        return parameters.options(
            shape,
            form=await bodies.read_form(request, self._form_limit),
            query=parameters.pairs(query_of(request)),
            headers=request.headers,
        )


def query_of(request: web.Request) -> str:
    """Return the query string as it was sent."""
    return request.raw_path.partition("?")[2]


def note_failure(exchange: Exchange, error: Exception) -> ConvoxError:
    """Record how an exchange failed; return what its client may hear of it."""
    if isinstance(error, ConvoxError):
        exchange.status = error.status
        exchange.outcome = Outcome.REFUSED if isinstance(error, _REFUSED) else Outcome.FAILED
        return error
    exchange.status, exchange.outcome = 500, Outcome.FAILED
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        _log.error("the disk is full", extra={"request": exchange.id})
        return errors.FailedError("the rack's disk is full", fix="make room on it")
    _log.error("request broke", extra={"request": exchange.id}, exc_info=error)
    return errors.BugError(f"internal error in request {exchange.id}", why="the rack's log has it")


def record(exchange: Exchange, *, clock: Clock, emit: Emit) -> None:
    """Write the log line of an exchange and emit its event, if its operation has one."""
    operation, actor = exchange.operation, exchange.actor
    fields = {
        "request": exchange.id,
        "actor": actor.name if actor else "",
        "operation": operation.name if operation else "",
        "route": f"{operation.method} {operation.path}" if operation else exchange.route,
        "outcome": str(exchange.outcome),
        "status": exchange.status,
        "duration_ms": round((clock.monotonic() - exchange.started) * 1000, 1),
    }
    _log.info("request", extra=fields)
    if not operation or not operation.event or not actor:
        return
    said = parameters.redact(exchange.options) if exchange.options is not None else {}
    emit(
        Event(
            tag=operation.event,
            actor=actor.name,
            resource="/".join(exchange.variables.values()),
            at=clock.now(),
            outcome=exchange.outcome,
            data=exchange.variables | said,
            request=exchange.id,
        )
    )
