"""Private registries that builds may pull from."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print registries; passwords are never shown."""
    rows = [(item["server"], item["username"]) for item in ctx.call("registry_list") or []]
    if not ctx.json([{"server": server, "username": username} for server, username in rows]):
        ctx.out.table(("SERVER", "USERNAME"), rows)


def add(ctx: Context) -> None:
    """Store credentials of a registry."""
    ctx.out.start("Adding registry")
    server, username, password = ctx.args
    ctx.call("registry_add", server=server, username=username, password=password)
    ctx.out.ok()


def remove(ctx: Context) -> None:
    """Forget credentials of a registry."""
    ctx.system()
    ctx.out.start("Removing registry")
    ctx.do("registry_remove", ctx.arg())
    ctx.out.ok()
