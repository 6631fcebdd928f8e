"""Resources of the rack, which apps can be linked to."""

from __future__ import annotations

from convox.cli.nouns.apps import key_values
from convox.core.errors import NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print the resources of the rack."""
    ctx.system()
    found = ctx.call("system_resource_list") or []
    if not ctx.json(found):
        rows = [(item["name"], item["type"], item.get("status") or "") for item in found]
        ctx.out.table(("NAME", "TYPE", "STATUS"), rows)


def create(ctx: Context) -> None:
    """Create a resource."""
    ctx.system()
    kind, options = ctx.arg(), key_values(ctx.args[1:], "Name=Value")
    ctx.out.start("Creating resource")
    resource = ctx.call(
        "system_resource_create",
        kind=kind,
        name=ctx.text("name") or None,
        parameters=options or None,
    )
    _finish(ctx, resource["name"])
    ctx.out.ok(resource["name"])


def delete(ctx: Context) -> None:
    """Delete a resource."""
    ctx.system()
    ctx.out.start("Deleting resource")
    ctx.do("system_resource_delete", ctx.arg())
    if ctx.on("wait"):
        from convox.cli.waits import resource_gone

        resource_gone(ctx, ctx.arg())
    ctx.out.ok()


def info(ctx: Context) -> None:
    """Print one resource."""
    ctx.system()
    resource = ctx.call("system_resource_get", ctx.arg())
    if ctx.json(resource):
        return
    options = sorted((resource.get("parameters") or {}).items())
    pairs = [
        ("Name", resource["name"]),
        ("Type", resource["type"]),
        ("Status", resource.get("status") or ""),
        ("Options", "\n".join(f"{name}={value}" for name, value in options)),
    ]
    if resource.get("url"):
        pairs.append(("URL", resource["url"]))
    if resource.get("apps"):
        pairs.append(("Apps", ", ".join(app["name"] for app in resource["apps"])))
    ctx.out.info(pairs)


def link(ctx: Context) -> None:
    """Link a resource to an app."""
    ctx.system()
    app = ctx.app()
    ctx.out.start(f"Linking to {app}")
    ctx.call("system_resource_link", ctx.arg(), app=app)
    _finish(ctx, ctx.arg())
    ctx.out.ok()


def unlink(ctx: Context) -> None:
    """Unlink a resource from an app."""
    ctx.system()
    app = ctx.app()
    ctx.out.start(f"Unlinking from {app}")
    ctx.call("system_resource_unlink", ctx.arg(), app)
    _finish(ctx, ctx.arg())
    ctx.out.ok()


def options(ctx: Context) -> None:
    """Print the options of a resource type."""
    ctx.system()
    kinds = {kind["name"]: kind for kind in ctx.call("system_resource_types") or []}
    if ctx.arg() not in kinds:
        raise NotFoundError(f"no such resource type: {ctx.arg()}")
    found = kinds[ctx.arg()]["parameters"] or []
    if not ctx.json(found):
        rows = [(item["name"], item["default"], item["description"]) for item in found]
        ctx.out.table(("NAME", "DEFAULT", "DESCRIPTION"), rows)


def types(ctx: Context) -> None:
    """Print the types of resources that the rack can make."""
    ctx.system()
    found = ctx.call("system_resource_types") or []
    if not ctx.json(found):
        ctx.out.table(("TYPE",), [(kind["name"],) for kind in found])


def update(ctx: Context) -> None:
    """Change the options of a resource."""
    ctx.system()
    wanted = key_values(ctx.args[1:], "Name=Value")
    ctx.out.start("Updating resource")
    ctx.call("system_resource_update", ctx.arg(), parameters=wanted or None)
    _finish(ctx, ctx.arg())
    ctx.out.ok()


def url(ctx: Context) -> None:
    """Print the address of a resource."""
    ctx.system()
    found = ctx.call("system_resource_get", ctx.arg()).get("url")
    if not found:
        raise NotFoundError(f"no url for resource: {ctx.arg()}")
    ctx.out.line(found)


def _finish(ctx: Context, name: str) -> None:
    if ctx.on("wait"):
        from convox.cli.waits import resource_running

        resource_running(ctx, name)
