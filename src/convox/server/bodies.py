"""Bodies of requests and answers: small forms held whole, everything else streamed.

An upload runs from the socket through a `Pipe` into the provider's thread and a download the
other way, a few hundred kilobytes in memory at a time. A download that breaks in the middle
breaks the connection, so that nobody takes half for the whole. Nothing is ever compressed: the
existing client would store what it had unpacked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from convox.api import parameters
from convox.core.errors import InvalidError
from convox.core.stream import Chunks
from convox.server.pipe import Pipe, cut_short
from convox.server.pools import Pool

_T = TypeVar("_T")
_PIECE = 1 << 18


async def read_form(request: web.Request, limit: int) -> dict[str, str]:
    """Return the form that a request carries, empty if its body is something else.

    Raises:
        InvalidError: the form is multipart, larger than `limit` bytes, or not UTF-8.
    """
    if request.content_type.startswith("multipart/"):
        raise InvalidError("multipart forms are not supported: store the source as an object")
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    data = bytearray()
    async for piece in request.content.iter_any():
        data += piece
        if len(data) > limit:
            raise InvalidError(f"the form is larger than {limit} bytes")
    try:
        return parameters.pairs(data.decode())
    except UnicodeDecodeError as e:
        raise InvalidError("the form is not UTF-8") from e


async def upload(request: web.Request, pool: Pool, take: Callable[[Chunks], _T]) -> _T:
    """Return what `take` makes of the body; its reads fail if the sender goes away."""
    pipe = Pipe()
    feeding = asyncio.create_task(_feed(request, pipe))
    try:
        return await pool.run(lambda: take(pipe))
    finally:
        pipe.abort(cut_short())
        pipe.close()
        feeding.cancel()


async def download(request: web.Request, pool: Pool, body: Chunks) -> web.StreamResponse:
    """Send a body that is read on `pool`, then close it."""
    try:
        # Read before the status is sent, so that a body that cannot be opened is an error.
        piece = await pool.run(lambda: body.read(_PIECE))
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        await _send(request, response, pool, (body, piece))
        return response
    finally:
        await asyncio.shield(pool.run(body.close))


async def _feed(request: web.Request, pipe: Pipe) -> None:
    received = 0
    try:
        async for piece in request.content.iter_any():
            received += len(piece)
            if not await pipe.put(piece):
                return
    except Exception:  # noqa: BLE001  whatever the parser raises, the body is not whole
        pipe.abort(cut_short(received))
        return
    pipe.finish()


async def _send(
    request: web.Request, response: web.StreamResponse, pool: Pool, body: tuple[Chunks, bytes]
) -> None:
    chunks, piece = body
    try:
        while piece:
            await response.write(piece)
            piece = await pool.run(lambda: chunks.read(_PIECE))
        await response.write_eof()
    except BaseException:
        if request.transport:
            request.transport.abort()
        raise
