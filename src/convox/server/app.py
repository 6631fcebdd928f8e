"""The rack's HTTP server, made from the contract: routes, errors, request ids, start and stop.

There is no route table here: every request goes to `operations.find`, which has the contract's
own patterns and order. aiohttp's router would clean and decode paths, and names are pasted into
them raw. Three routes are not the contract's: `/check` needs no credential, `/auth` any, and
`/racks` (which clients probe before each socket) is unknown here like any other path.

Read dispatch.py next.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionResetError, web

from convox.api import operations
from convox.api.operations import Operation
from convox.core.clock import Clock, SystemClock
from convox.core.events import Emit, Event, Outcome
from convox.server import answers
from convox.server.auth import Auth
from convox.server.dispatch import Dispatch, Exchange, Pools, note_failure, record
from convox.server.pools import Pool

_log = logging.getLogger(__name__)
_HEADER_LIMIT = 1 << 18
_SHUTDOWN_S = 5.0
_LINGER_S = 2.0
"""How long the rest of a refused upload is read, so that its sender gets to see the answer."""
_LOGINS = 2
_LEFT = 499
"""Logged for a client that did not wait for its answer; never sent."""
_ID = web.RequestKey("id", str)


@dataclass(frozen=True)
class Settings:
    """Sizes; the defaults fit a rack on one machine."""

    request_threads: int = 32
    requests_waiting: int = 1024
    streams: int = 512
    """Shells, tunnels, uploads and downloads at once, a thread each."""
    replay_threads: int = 16
    followers: int = 4096
    form_limit: int = 8 << 20


@dataclass(frozen=True)
class Address:
    """Where to listen: a socket file with its mode, or a host and port (0 for any)."""

    path: Path | None = None
    mode: int = 0o660
    host: str = "127.0.0.1"
    port: int = 0


def create(
    rack: Any,
    auth: Auth,
    *,
    settings: Settings | None = None,
    clock: Clock | None = None,
    emit: Emit | None = None,
) -> web.Application:
    """Return the application that serves `rack`.

    Args:
        rack: an implementation of `Rack`, whole or in part; an operation it lacks answers 404.
        auth: decides who is asking.
        settings: sizes of pools and forms.
        clock: for durations and events.
        emit: takes the event of each request that has one; must not block.
    """
    settings, clock = settings or Settings(), clock or SystemClock()
    pools = _pools(settings)
    dispatch = Dispatch(rack, auth, pools, form_limit=settings.form_limit)
    handler = _Handler(dispatch, clock, emit or _ignore)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler.handle)
    application.on_response_prepare.append(_set_headers)
    application.on_shutdown.append(handler.stop)
    application.on_cleanup.append(_stopper(pools))
    return application


@asynccontextmanager
async def listening(application: web.Application, address: Address) -> AsyncIterator[int]:
    """Serve for as long as the block runs; yields the port, 0 for a socket file."""
    runner = web.AppRunner(
        application,
        access_log=None,
        max_line_size=_HEADER_LIMIT,
        max_field_size=_HEADER_LIMIT,
        shutdown_timeout=_SHUTDOWN_S,
        lingering_time=_LINGER_S,
        auto_decompress=False,
    )
    await runner.setup()
    try:
        yield await _start(runner, address)
    finally:
        await runner.cleanup()


def serve(
    application: web.Application, address: Address, *, ready: Callable[[int], None] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called with the port once it listens."""

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with listening(application, address) as port:
            _log.info("listening", extra={"path": str(address.path or ""), "port": port})
            if ready:
                ready(port)
            await stop.wait()

    asyncio.run(main())


class _Handler:
    def __init__(self, dispatch: Dispatch, clock: Clock, emit: Emit) -> None:
        self._dispatch = dispatch
        self._clock = clock
        self._emit = emit
        self._sockets: set[asyncio.Task[Any]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        exchange = Exchange(request, self._clock.monotonic())
        request[_ID] = exchange.id
        try:
            response = await self._answer(exchange)
            exchange.status = exchange.status or response.status
        except asyncio.CancelledError:
            exchange.status = _LEFT
            raise
        except ClientConnectionResetError:  # the client left in the middle of its answer
            exchange.status, exchange.outcome = _LEFT, Outcome.FAILED
            response = answers.plain(_LEFT)
        except Exception as e:  # noqa: BLE001  the edge: whatever it was becomes an answer and a log line
            error = note_failure(exchange, e)
            response = answers.error(error, request.headers.get("User-Agent", ""))
        finally:
            record(exchange, clock=self._clock, emit=self._emit)
        return response

    async def stop(self, _: web.Application) -> None:
        """End every open socket, so that stopping does not wait for them."""
        for task in self._sockets:
            task.cancel()

    async def _answer(self, exchange: Exchange) -> web.StreamResponse:
        request = exchange.request
        path = request.raw_path.partition("?")[0]
        if path in ("/auth", "/check"):
            exchange.route = f"{request.method} {path}"
        if path == "/check":
            return answers.plain(200, b"ok\n")
        if path == "/auth":
            await self._dispatch.authenticate(exchange)
            return answers.plain(200, b"ok\n")
        found = _find(request, path)
        if not found:
            return answers.plain(405 if _is_known(path) else 404)
        exchange.operation, exchange.variables = found
        if exchange.operation.method == "SOCKET":
            return await self._serve_socket(exchange, exchange.operation)
        return await self._dispatch.serve(exchange, exchange.operation)

    async def _serve_socket(self, exchange: Exchange, operation: Operation) -> web.StreamResponse:
        task = asyncio.ensure_future(self._dispatch.serve(exchange, operation))
        self._sockets.add(task)
        task.add_done_callback(self._sockets.discard)
        return await task


def _find(request: web.Request, path: str) -> tuple[Operation, dict[str, str]] | None:
    if request.method == "GET" and "websocket" in request.headers.get("Upgrade", "").lower():
        found = operations.find("SOCKET", path)
        if found:
            return found
    return operations.find(request.method, path)


def _is_known(path: str) -> bool:
    return any(o.matches(o.method, path) is not None for o in operations.operations().values())


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Request-Id"] = request[_ID]
    response.headers["Server"] = "convox"


def _pools(settings: Settings) -> Pools:
    return Pools(
        requests=Pool("requests", threads=settings.request_threads, cap=settings.requests_waiting),
        streams=Pool("streams", threads=settings.streams, cap=settings.streams),
        replays=Pool("log followers", threads=settings.replay_threads, cap=settings.followers),
        logins=Pool("sign-ins", threads=_LOGINS, cap=64),
    )


def _stopper(pools: Pools) -> Callable[[web.Application], Any]:
    async def stop(_: web.Application) -> None:
        for pool in (pools.requests, pools.streams, pools.replays, pools.logins):
            pool.shutdown()

    return stop


async def _start(runner: web.AppRunner, address: Address) -> int:
    if address.path is None:
        site = web.TCPSite(runner, address.host, address.port)
        await site.start()
        return int(runner.addresses[0][1])
    address.path.unlink(missing_ok=True)
    await web.UnixSite(runner, str(address.path)).start()
    address.path.chmod(address.mode)
    return 0


def _ignore(event: Event) -> None:
    pass
