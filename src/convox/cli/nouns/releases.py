"""Releases: listing, showing, promoting, rolling back; and the promote that deploys share."""

from __future__ import annotations

from convox.cli.times import relative
from convox.core.errors import FailedError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print releases, newest first."""
    app = ctx.app()
    active = ctx.call("app_get", app)["release"]
    releases = ctx.call("release_list", app, limit=ctx.number("limit")) or []
    for release in releases:
        release["status"] = release.get("status") or ("active" if release["id"] == active else "")
    if ctx.json(releases):
        return
    rows = [
        (
            release["id"],
            release["status"],
            release["build"],
            relative(release["created"]),
            release["description"],
        )
        for release in releases
    ]
    ctx.out.table(("ID", "STATUS", "BUILD", "CREATED", "DESCRIPTION"), rows)


def info(ctx: Context) -> None:
    """Print one release with its env."""
    release = ctx.call("release_get", ctx.app(), ctx.arg())
    if ctx.json(release):
        return
    pairs = [
        ("Id", release["id"]),
        ("Build", release["build"]),
        ("Created", _seconds(release["created"])),
        ("Description", release["description"]),
        ("Env", release["env"]),
    ]
    if release.get("reason"):
        pairs.append(("Reason", release["reason"]))
    ctx.out.info(pairs)


def manifest(ctx: Context) -> None:
    """Print the manifest of a release's build."""
    app, release = ctx.app(), ctx.arg()
    build = ctx.call("release_get", app, release)["build"]
    if not build:
        raise NotFoundError(f"no build for release: {release}")
    ctx.out.line(ctx.call("build_get", app, build)["manifest"].strip())


def promote(ctx: Context) -> None:
    """Promote a release, the newest by default."""
    app = ctx.app()
    release = ctx.arg()
    if not release:
        releases = ctx.call("release_list", app, limit=1) or []
        if not releases:
            raise NotFoundError("no releases to promote")
        release = releases[0]["id"]
    promote_when_ready(ctx, app, release)


def rollback(ctx: Context) -> None:
    """Make a new release of an old one's build and env, and promote it."""
    app = ctx.app()
    ctx.out.start(f"Rolling back to {ctx.arg()}")
    old = ctx.call("release_get", app, ctx.arg())
    new = ctx.call("release_create", app, build=old["build"], env=old["env"])
    ctx.out.ok(new["id"])
    promote_now(ctx, app, new["id"])
    ctx.out.id(new["id"])


def promote_when_ready(ctx: Context, app: str, release: str) -> None:
    """Wait for the app to be running, then promote."""
    if ctx.call("app_get", app)["status"] != "running":
        from convox.cli.waits import app_running

        ctx.out.start("Waiting for app to be ready")
        app_running(ctx, app)
        ctx.out.ok()
    promote_now(ctx, app, release)


def promote_now(ctx: Context, app: str, release: str) -> None:
    """Promote, and follow it to its end on a terminal or when asked to wait."""
    if not release:
        raise FailedError("no release to promote")
    ctx.out.start(f"Promoting {release}")
    ctx.do("release_promote", app, release)
    if ctx.on("wait") or (ctx.out.terminal and not ctx.on("no-wait")):
        from convox.cli.waits import promoted

        ctx.out.line("")
        promoted(ctx, app, release)
    ctx.out.ok()


def latest_env(ctx: Context, app: str) -> dict[str, str]:
    """Return the env of the newest release, which is what an edit starts from."""
    releases = ctx.call("release_list", app, limit=1) or []
    if not releases:
        return {}
    newest: dict[str, Any] = ctx.call("release_get", app, releases[0]["id"])
    return parse_env(newest.get("env") or "")


def parse_env(text: str) -> dict[str, str]:
    """Return the variables of `K=V` lines; lines that are none are ignored.

    Source: cli.md section A, "Env text rules".
    """
    pairs: dict[str, str] = {}
    for line in text.split("\n"):
        key, equals, value = line.removesuffix("\r").partition("=")
        if equals and key.strip():
            pairs[key.strip()] = value
    return pairs


def env_text(pairs: dict[str, str]) -> str:
    """Return variables as sorted `K=V` lines."""
    return "\n".join(f"{key}={pairs[key]}" for key in sorted(pairs))


def _seconds(text: str) -> str:
    """Return a time of the wire without its fraction of a second."""
    head, dot, rest = text.partition(".")
    return head + rest.lstrip("0123456789") if dot else text
