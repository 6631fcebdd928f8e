"""The versions of this client and of the rack it talks to."""

from __future__ import annotations

from convox import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def version(ctx: Context) -> None:
    """Print both versions; without a rack the server's is `none`."""
    endpoint = ctx.find_endpoint()
    if endpoint is None:
        if not ctx.json({"client": __version__, "server": None}):
            ctx.out.line(f"client: {__version__}\nserver: none")
        return
    if not ctx.on("json"):
        ctx.out.line(f"client: {__version__}")
    system = ctx.system()
    if not ctx.json({"client": __version__, "server": system["version"], "host": endpoint.name}):
        ctx.out.line(f"server: {system['version']} ({endpoint.name})")
