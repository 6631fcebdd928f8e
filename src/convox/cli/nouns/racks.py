"""The racks a person can reach, and which of them is current."""

from __future__ import annotations

from convox.core.errors import ConvoxError, InvalidError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print the racks of the console and one's own, by name."""
    racks = sorted((_of_console(ctx) | _of_ones_own(ctx)).items())
    if not ctx.json([{"name": name, "status": status} for name, status in racks]):
        ctx.out.table(("NAME", "STATUS"), racks)


def switch(ctx: Context) -> None:
    """Make a rack the current one, or print which one is."""
    if not ctx.arg():
        ctx.out.line(ctx.rack())
        return
    own = ctx.settings.map("self-managed")
    name = _chosen(ctx.arg(), sorted({*_of_console(ctx), *own}))
    host = ctx.host()
    if name in own:
        host = own[name]
        ctx.settings.put("host", host)
    ctx.settings.put_entry("racks", host, name)
    ctx.out.line(f"Switched to {name}")


def _chosen(wanted: str, names: list[str]) -> str:
    """Return the name that is `wanted`, or the only one that it is a part of."""
    found = [wanted] if wanted in names else [name for name in names if wanted in name]
    if not found:
        raise NotFoundError(f"could not find rack: {wanted}")
    if len(found) > 1:
        raise InvalidError(f"ambiguous rack name: {wanted}", fix=f"one of: {', '.join(found)}")
    return found[0]


def _of_console(ctx: Context) -> dict[str, str]:
    """Return the racks that the current host lists; a bare rack lists none."""
    host = ctx.host()
    if not host:
        return {}
    try:
        client = ctx.connect(ctx.endpoint_of(host))
        racks = client.request("GET", "/racks").json() or []
        return {f"{rack['organization']['name']}/{rack['name']}": rack["status"] for rack in racks}
    except (ConvoxError, TypeError, KeyError):
        return {}


def _of_ones_own(ctx: Context) -> dict[str, str]:
    own = ctx.settings.map("self-managed")
    return {name: _status(ctx, host) for name, host in own.items()}


def _status(ctx: Context, host: str) -> str:
    try:
        client = ctx.connect(ctx.endpoint_of(host))
        return str(client.request("GET", "/system").json()["status"])
    except (ConvoxError, TypeError, KeyError):
        return "unknown"
