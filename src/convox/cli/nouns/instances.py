"""Instances of the rack: listed, terminated, their key rolled."""

from __future__ import annotations

from convox.cli.times import relative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print instances."""
    found = ctx.call("instance_list") or []
    if ctx.json(found):
        return
    rows = [
        (
            item["id"],
            item["status"],
            relative(item["started"]),
            str(item["processes"]),
            f"{item['cpu']:.2%}",
            f"{item['memory']:.2%}",
            item["public-ip"],
            item["private-ip"],
        )
        for item in found
    ]
    headers = ("ID", "STATUS", "STARTED", "PS", "CPU", "MEM", "PUBLIC", "PRIVATE")
    ctx.out.table(headers, rows)


def keyroll(ctx: Context) -> None:
    """Replace the key of the instances."""
    ctx.out.start("Rolling instance key")
    ctx.do("instance_keyroll")
    if ctx.on("wait"):
        from convox.cli.waits import rack_running

        ctx.out.line("")
        rack_running(ctx)
    ctx.out.ok()


def terminate(ctx: Context) -> None:
    """Terminate an instance."""
    ctx.out.start("Terminating instance")
    ctx.do("instance_terminate", ctx.arg())
    ctx.out.ok()
