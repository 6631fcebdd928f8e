"""Resources of an app: listed, shown, their address, and their end."""

from __future__ import annotations

from convox.core.errors import ConvoxError, InvalidError, NotFoundError

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
        for resource in found:
            if resource.get("status") == "kept":
                ctx.out.note(_kept(ctx, resource["name"]))


def info(ctx: Context) -> None:
    """Print one resource of an app."""
    ctx.system()
    resource = ctx.call("resource_get", ctx.app(), ctx.arg())
    if ctx.json(resource):
        return
    pairs = [("Name", resource["name"]), ("Type", resource["type"])]
    if resource.get("status") not in (None, "", "running"):
        pairs.append(("Status", resource["status"]))
    ctx.out.info(pairs + ([("URL", resource["url"])] if resource["url"] else []))


def url(ctx: Context) -> None:
    """Print the address of one resource of an app."""
    ctx.system()
    resource = ctx.call("resource_get", ctx.app(), ctx.arg())
    if not resource["url"]:
        raise NotFoundError(f"no url for resource: {ctx.arg()}")
    ctx.out.line(resource["url"])


def delete(ctx: Context) -> None:
    """Delete a resource and its data once its name has been typed."""
    app, name = ctx.app(), ctx.arg()
    found = ctx.call("resource_get", app, name)
    ctx.out.ask(f"This deletes {found['type']} {name} of {app} and all its data. Type its name: ")
    typed = ctx.stdin.readline().decode(errors="replace").strip()
    if typed != name:
        raise InvalidError(f'nothing was deleted: "{typed}" is not {name}')
    ctx.out.start(f"Deleting {name}")
    ctx.do("resource_delete", app, name)
    _await_end(ctx, app, name)
    ctx.out.ok()


def _await_end(ctx: Context, app: str, name: str) -> None:
    from threading import Event

    for _ in range(600):
        try:
            ctx.call("resource_get", app, name)
        except ConvoxError as error:
            if "not found" in error.wire:
                return
            raise
        ctx.clock.wait(Event(), 0.2)


def _kept(ctx: Context, name: str) -> str:
    return (
        f"{name} is in convox.yml no more and kept with its data; to delete both:"
        f" convox resources delete {name} -a {ctx.app()}"
    )
