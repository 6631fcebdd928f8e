"""Local ports that lead to hosts inside the rack: one thread and one socket a connection."""

from __future__ import annotations

import socket as tcp
from threading import Event, Thread

from convox.core.errors import ConvoxError, InvalidError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context
    from convox.client.socket import Socket

_CHUNK = 65536
_PORTS = {"http": 80, "https": 443}


def proxy(ctx: Context) -> None:
    """Listen on 127.0.0.1 for each `[port:]host:hostport` until interrupted."""
    _serve(ctx, [_parse(word) for word in ctx.args])


def resource(ctx: Context) -> None:
    """Listen for a resource of an app."""
    ctx.system()
    _resource(ctx, ctx.call("resource_get", ctx.app(), ctx.arg())["url"])


def rack_resource(ctx: Context) -> None:
    """Listen for a resource of the rack."""
    ctx.system()
    _resource(ctx, ctx.call("system_resource_get", ctx.arg()).get("url") or "")


def _resource(ctx: Context, url: str) -> None:
    if not url:
        raise NotFoundError(f"no url for resource: {ctx.arg()}")
    host, port = _address(url)
    _serve(ctx, [(ctx.number("port") or port, host, port)])


def _address(url: str) -> tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(url if "://" in url else f"https://{url}")
    port = parts.port or _PORTS.get(parts.scheme)
    if not port or not parts.hostname:
        raise InvalidError(f"unknown port for url: {parts.scheme}://{parts.hostname}")
    return parts.hostname, port


def _parse(word: str) -> tuple[int, str, int]:
    parts = word.split(":")
    if len(parts) == 2:
        parts.insert(0, parts[1])
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[1] and parts[2].isdecimal()):
        raise InvalidError(f"invalid argument: {word}")
    return int(parts[0]), parts[1], int(parts[2])


def _serve(ctx: Context, targets: list[tuple[int, str, int]]) -> None:
    listeners = [tcp.create_server(("127.0.0.1", port)) for port, _, _ in targets]
    for listener, target in zip(listeners, targets, strict=True):
        ctx.out.line(f"proxying localhost:{target[0]} to {target[1]}:{target[2]}")
        Thread(target=_accept, args=(ctx, listener, target), name="listener", daemon=True).start()
    Event().wait()


def _accept(ctx: Context, listener: tcp.socket, target: tuple[int, str, int]) -> None:
    while True:
        connection, _ = listener.accept()
        ctx.out.line(f"connect: {target[0]}")
        Thread(target=_carry, args=(ctx, connection, target), name="proxy", daemon=True).start()


def _carry(ctx: Context, connection: tcp.socket, target: tuple[int, str, int]) -> None:
    with connection:
        try:
            stream = ctx.open("proxy", target[1], str(target[2]))
        except ConvoxError as error:
            ctx.out.note(f"ERROR: {error.wire}")
            return
        Thread(target=_send, args=(connection, stream), name="proxy send", daemon=True).start()
        try:
            while data := stream.read():
                connection.sendall(data)
            connection.shutdown(tcp.SHUT_WR)
        except (ConvoxError, OSError):
            pass  # either side has gone: the connection is over
        finally:
            stream.close()


def _send(connection: tcp.socket, stream: Socket) -> None:
    try:
        while data := connection.recv(_CHUNK):
            stream.write(data)
        stream.end()
    except (ConvoxError, OSError):
        stream.close()
