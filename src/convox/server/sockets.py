"""Socket routes: shells and tunnels hold a thread each, log followers hold none.

Every socket is upgraded first and told of a failure afterwards, as `ERROR: ...`, because the
existing client shows nothing of a refused handshake; nothing of the provider has run by then.
Data travels as text frames of raw bytes, so aiohttp is told not to decode them and frames are
sent with `send_frame`. Input that ends half-closes: the output goes on. A client that is gone
closes the stream, which wakes the provider's thread.

Source: wire.md section 7. Read followers.py for the logs' queue and pipe.py for the input's.
"""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from aiohttp import WSMsgType, web

from convox.api import frames
from convox.api.frames import END, Frame
from convox.core.errors import ConvoxError
from convox.core.stream import LogFeed
from convox.server.followers import Follower
from convox.server.pipe import Pipe
from convox.server.pools import Pool

_GONE = (ConnectionError, RuntimeError)
"""What aiohttp raises for a socket that is closing or closed."""
_CLOSE_S = 2.0
_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


class SocketStream:
    """A `Stream` for a provider's thread, over a websocket that the event loop owns."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._input = Pipe()
        self._writing = Lock()
        self._gone = False
        self._closed = self._loop.create_future()

    @property
    def gone(self) -> bool:
        """True once the client has left, or after `close()`."""
        return self._gone

    def read(self) -> bytes:
        """Return the next bytes from the client; b"" once it has finished or is gone."""
        return self._input.read()

    def write(self, data: bytes) -> None:
        """Send bytes; blocks while the client does not read."""
        with self._writing:
            sending = asyncio.run_coroutine_threadsafe(self._send(data), self._loop)
            if not sending.result():
                raise BrokenPipeError("the client is gone")

    def close(self) -> None:
        """End both directions; a blocked `read` or `write` returns at once."""
        self._gone = True
        self._input.close()
        with suppress(RuntimeError):  # the loop is closed: so is the socket
            self._loop.call_soon_threadsafe(self._set_closed)

    async def receive(self) -> None:
        """Carry input until the client is gone, then close."""
        try:
            while (frame := await receive(self._socket)) is not None:
                data = frames.payload(frame)
                if data is None:
                    self._input.finish()
                else:
                    await self._input.put(data)
        finally:
            self.close()

    async def _send(self, data: bytes) -> bool:
        sending = asyncio.ensure_future(send(self._socket, frames.text(data)))
        await asyncio.wait({sending, self._closed}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            return sending.exception() is None
        sending.cancel()
        return False

    def _set_closed(self) -> None:
        if not self._closed.done():
            self._closed.set_result(None)


async def upgrade(request: web.Request) -> web.WebSocketResponse:
    """Return the socket, upgraded; no compression, no UTF-8."""
    socket = web.WebSocketResponse(decode_text=False, compress=False, timeout=_CLOSE_S)
    await socket.prepare(request)
    _keep_alive(request)
    return socket


async def send(socket: web.WebSocketResponse, frame: Frame) -> None:
    """Send one frame as it is."""
    await socket.send_frame(frame.data, WSMsgType.BINARY if frame.binary else WSMsgType.TEXT)


async def receive(socket: web.WebSocketResponse) -> Frame | None:
    """Return the next frame, None once the peer is gone; pings are answered meanwhile."""
    message = await socket.receive()
    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        return Frame(message.data, binary=message.type is WSMsgType.BINARY)
    return None


async def finish(socket: web.WebSocketResponse, *last: Frame) -> None:
    """Send what is left, the end, and close; a client that is gone is no error."""
    with suppress(*_GONE):
        for frame in (*last, END):
            await send(socket, frame)
        await socket.close()


async def refuse(socket: web.WebSocketResponse, error: ConvoxError) -> None:
    """Tell the client what went wrong, and close."""
    await finish(socket, frames.error(error.wire))


async def run_stream(
    socket: web.WebSocketResponse, pool: Pool, work: Callable[[SocketStream], int | None]
) -> None:
    """Run `work` on a thread with the socket as its stream; what it answers is the exit status."""
    stream = SocketStream(socket)
    receiving = asyncio.create_task(stream.receive())
    try:
        code = await pool.run(lambda: work(stream))
    except BrokenPipeError:  # the client is gone, which is no failure of the work
        return
    finally:
        stream.close()
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    await finish(socket, *(() if code is None else (frames.exit_status(code),)))


async def follow(
    socket: web.WebSocketResponse, pool: Pool, open_feed: Callable[[], LogFeed]
) -> None:
    """Send a log until it ends or the client is gone."""
    follower = Follower()
    attaching = asyncio.ensure_future(pool.run(lambda: follower.attach(open_feed())))
    sending = asyncio.create_task(_send_log(socket, follower))
    watching = asyncio.create_task(_until_gone(socket))
    # A replay that fails ends the wait at once; one that succeeds is no reason to.
    attaching.add_done_callback(lambda done: _failed(done) and sending.cancel())
    try:
        await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        watching.cancel()
        await asyncio.gather(sending, watching, return_exceptions=True)
        follower.close_soon()
        with suppress(ConvoxError):
            await attaching
        await pool.run(follower.close)
    attaching.result()
    await finish(socket)


async def _send_log(socket: web.WebSocketResponse, follower: Follower) -> None:
    with suppress(*_GONE):
        while data := await follower.next():
            await send(socket, frames.text(data))


async def _until_gone(socket: web.WebSocketResponse) -> None:
    while await receive(socket) is not None:
        pass


def _failed(done: asyncio.Future[None]) -> bool:
    return done.cancelled() or done.exception() is not None


def _keep_alive(request: web.Request) -> None:
    # A peer that vanished without a word is noticed in a minute instead of two hours.
    carrier = request.transport and request.transport.get_extra_info("socket")
    if carrier and carrier.family in (sockets.AF_INET, sockets.AF_INET6):
        for name, value in _KEEPALIVE:
            if hasattr(sockets, name):
                carrier.setsockopt(sockets.IPPROTO_TCP, getattr(sockets, name), value)
