"""The rack's API itself: asked directly, listed, described."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def get(ctx: Context) -> None:
    """Print the JSON at a path of the rack's API."""
    ctx.out.json(ctx.http.request("GET", ctx.arg()).json())


def spec(ctx: Context) -> None:
    """Print the OpenAPI document of the contract."""
    from convox.api.openapi import document

    ctx.out.json(document())


def routes(ctx: Context) -> None:
    """Print every route with its permission and where the local rack implements it."""
    from convox.api.operations import operations

    rows = [
        (o.method, o.path, o.name, o.permission, _implemented(o.name))
        for o in operations().values()
    ]
    headers = ("METHOD", "PATH", "OPERATION", "PERMISSION", "IMPLEMENTED AT")
    names = ("method", "path", "operation", "permission", "implemented-at")
    if not ctx.json([dict(zip(names, row, strict=True)) for row in rows]):
        ctx.out.table(headers, rows)


def _implemented(name: str) -> str:
    """Return `file:line` of the local rack's method; "" where it is not installed or lacks it."""
    import inspect

    try:
        from convox.providers.local.rack import LocalRack
    except ImportError:
        return ""
    method = getattr(LocalRack, name, None)
    if method is None:
        return ""
    method = inspect.unwrap(method)
    file = (inspect.getsourcefile(method) or "").rpartition("/convox/")[2]
    return f"convox/{file}:{method.__code__.co_firstlineno}"
