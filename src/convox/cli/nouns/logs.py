"""Logs of an app and of the rack, copied to the end or until interrupted."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def app(ctx: Context) -> None:
    """Follow the log of an app."""
    _copy(ctx, "app_logs", ctx.app())


def rack(ctx: Context) -> None:
    """Follow the log of the rack."""
    _copy(ctx, "system_logs")


def _copy(ctx: Context, request: str, *path: str) -> None:
    socket = ctx.open(
        request,
        *path,
        filter=ctx.text("filter") or None,
        follow=False if ctx.on("no-follow") else None,
        prefix=True,
        since=ctx.text("since") or None,
    )
    try:
        while data := socket.read():
            ctx.out.relay(data)
    finally:
        socket.close()
