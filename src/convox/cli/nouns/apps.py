"""Apps: listing, making, deleting, locking, parameters, waiting."""

from __future__ import annotations

from convox.core.errors import ConvoxError, FailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print every app."""
    apps = ctx.call("app_list") or []
    if not ctx.json(apps):
        rows = [(app["name"], app["status"], app["release"]) for app in apps]
        ctx.out.table(("APP", "STATUS", "RELEASE"), rows)


def info(ctx: Context) -> None:
    """Print one app."""
    app = ctx.call("app_get", ctx.app(ctx.arg()))
    if ctx.json(app):
        return
    pairs = [
        ("Name", app["name"]),
        ("Status", app["status"]),
        ("Generation", app.get("generation") or ""),
        ("Locked", "true" if app.get("locked") else "false"),
        ("Release", app["release"]),
    ]
    pairs += [(name.capitalize(), app[name]) for name in ("router", "reason") if app.get(name)]
    ctx.out.info(pairs)


def create(ctx: Context) -> None:
    """Create an app."""
    name = ctx.app(ctx.arg())
    ctx.out.start(f"Creating {name}")
    ctx.call("app_create", name=name, generation=ctx.text("generation") or None)
    if ctx.on("wait"):
        from convox.cli.waits import app_running

        app_running(ctx, name)
    ctx.out.ok()


def delete(ctx: Context) -> None:
    """Delete an app."""
    name = ctx.arg()
    ctx.out.start(f"Deleting {name}")
    ctx.do("app_delete", name)
    if ctx.on("wait"):
        from convox.cli.waits import app_gone

        app_gone(ctx, name)
    ctx.out.ok()


def lock(ctx: Context) -> None:
    """Protect an app from deletion."""
    _set_lock(ctx, "Locking", lock=True)


def unlock(ctx: Context) -> None:
    """Allow the deletion of an app."""
    _set_lock(ctx, "Unlocking", lock=False)


def params(ctx: Context) -> None:
    """Print the parameters of an app."""
    ctx.system()
    found = ctx.call("app_get", ctx.app(ctx.arg())).get("parameters") or {}
    if not ctx.json(found):
        ctx.out.info(sorted(found.items()))


def params_set(ctx: Context) -> None:
    """Change parameters of an app."""
    ctx.system()
    wanted = key_values(ctx.args)
    name = ctx.app()
    ctx.out.start("Updating parameters")
    ctx.do("app_update", name, parameters=wanted)
    if ctx.on("wait"):
        from convox.cli.waits import app_running

        ctx.out.line("")
        app_running(ctx, name, logs=True)
        found = ctx.call("app_get", name).get("parameters") or {}
        if any(found.get(key) != value for key, value in wanted.items()):
            raise FailedError("rollback")
    ctx.out.ok()


def wait(ctx: Context) -> None:
    """Wait until an app is running."""
    from convox.cli.waits import app_running

    ctx.out.start("Waiting for app")
    ctx.out.line("")
    app_running(ctx, ctx.app(ctx.arg()), logs=True)
    ctx.out.ok()


def cancel(ctx: Context) -> None:
    """Cancel the promote under way and make a release of what was there before."""
    name = ctx.app(ctx.arg())
    ctx.out.line(f"Cancelling deployment of {name}...")
    ctx.do("app_cancel", name)
    ctx.out.line("Rewriting last active release... ")
    try:
        newest = ctx.call("release_list", name, limit=1)
        release = ctx.call("release_get", name, newest[0]["id"])
    except (ConvoxError, IndexError) as error:
        reason = error.wire if isinstance(error, ConvoxError) else "there is none"
        raise FailedError(f"failed to fetch last active release - {reason}") from error
    ctx.call(
        "release_create",
        name,
        build=release.get("build"),
        description=release.get("description"),
        env=release.get("env"),
    )
    if ctx.on("wait"):
        from convox.cli.waits import app_running

        app_running(ctx, name, logs=True, rollback_fails=False)
    ctx.out.ok()


def key_values(words: list[str], expected: str = "Key=Value") -> dict[str, str]:
    """Return `Key=Value` words as a mapping; raises naming the first that is not one."""
    from convox.core.errors import InvalidError

    pairs: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise InvalidError(f"{expected} expected: {word}")
        pairs[key] = value
    return pairs


def _set_lock(ctx: Context, doing: str, *, lock: bool) -> None:
    name = ctx.app(ctx.arg())
    ctx.out.start(f"{doing} {name}")
    ctx.do("app_update", name, lock=lock)
    ctx.out.ok()
