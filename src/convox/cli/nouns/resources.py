"""Resources of an app: listed, shown, their address."""

from __future__ import annotations

from convox.core.errors import NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print the resources of an app."""
    ctx.system()
    found = ctx.call("resource_list", ctx.app()) or []
    if not ctx.json(found):
        rows = [(resource["name"], resource["type"], resource["url"]) for resource in found]
        ctx.out.table(("NAME", "TYPE", "URL"), rows)


def info(ctx: Context) -> None:
    """Print one resource of an app."""
    ctx.system()
    resource = ctx.call("resource_get", ctx.app(), ctx.arg())
    if ctx.json(resource):
        return
    pairs = [("Name", resource["name"]), ("Type", resource["type"])]
    ctx.out.info(pairs + ([("URL", resource["url"])] if resource["url"] else []))


def url(ctx: Context) -> None:
    """Print the address of one resource of an app."""
    ctx.system()
    resource = ctx.call("resource_get", ctx.app(), ctx.arg())
    if not resource["url"]:
        raise NotFoundError(f"no url for resource: {ctx.arg()}")
    ctx.out.line(resource["url"])
