"""Processes of an app: listed, shown, stopped."""

from __future__ import annotations

from convox.cli.times import relative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print the processes of an app."""
    processes = (
        ctx.call(
            "process_list",
            ctx.app(),
            release=ctx.text("release") or None,
            service=ctx.text("service") or None,
        )
        or []
    )
    if ctx.json(processes):
        return
    rows = [
        (p["id"], p["name"], p["status"], p["release"], relative(p["started"]), p["command"])
        for p in processes
    ]
    ctx.out.table(("ID", "SERVICE", "STATUS", "RELEASE", "STARTED", "COMMAND"), rows)


def info(ctx: Context) -> None:
    """Print one process."""
    process = ctx.call("process_get", ctx.app(), ctx.arg())
    if ctx.json(process):
        return
    ctx.out.info(
        [
            ("Id", process["id"]),
            ("App", process["app"]),
            ("Command", process["command"]),
            ("Instance", process["instance"]),
            ("Release", process["release"]),
            ("Service", process["name"]),
            ("Started", relative(process["started"])),
            ("Status", process["status"]),
        ]
    )


def stop(ctx: Context) -> None:
    """Stop a process."""
    ctx.out.start(f"Stopping {ctx.arg()}")
    ctx.do("process_stop", ctx.app(), ctx.arg())
    ctx.out.ok()
