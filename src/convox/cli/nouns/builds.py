"""Builds and deploys: pack the source, send it, follow the build, promote what it made."""

from __future__ import annotations

import os

from convox.cli.nouns.releases import promote_when_ready
from convox.cli.times import elapsed, relative
from convox.core.errors import ConvoxError, FailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print builds, newest first."""
    builds = ctx.call("build_list", ctx.app(), limit=ctx.number("limit")) or []
    if ctx.json(builds):
        return
    rows = [
        (
            b["id"],
            b["status"],
            b["release"],
            relative(b["started"]),
            elapsed(b["started"], b["ended"]),
            b["description"],
        )
        for b in builds
    ]
    ctx.out.table(("ID", "STATUS", "RELEASE", "STARTED", "ELAPSED", "DESCRIPTION"), rows)


def info(ctx: Context) -> None:
    """Print one build."""
    build = ctx.call("build_get", ctx.app(), ctx.arg())
    if ctx.json(build):
        return
    pairs = [
        ("Id", build["id"]),
        ("Status", build["status"]),
        ("Release", build["release"]),
        ("Description", build["description"]),
        ("Started", relative(build["started"])),
        ("Elapsed", elapsed(build["started"], build["ended"])),
    ]
    if build.get("reason"):
        pairs.append(("Reason", build["reason"]))
    ctx.out.info(pairs)


def logs(ctx: Context) -> None:
    """Copy the log of a build."""
    _print_from(ctx, ctx.app(), ctx.arg(), 0)


def build(ctx: Context) -> None:
    """Build a directory into a release."""
    made = make(ctx, development=ctx.on("development"))
    ctx.out.line(f"Build:   {made['id']}")
    ctx.out.line(f"Release: {made['release']}")
    ctx.out.id(made["release"])


def deploy(ctx: Context) -> None:
    """Build a directory and promote the release."""
    made = make(ctx, development=ctx.on("development"))
    if not made["release"]:
        raise FailedError("no release to promote")
    promote_when_ready(ctx, ctx.app(), made["release"])
    ctx.out.id(made["release"])


def make(ctx: Context, *, development: bool) -> dict[str, Any]:
    """Pack, upload and build the directory of the first argument; return the finished build.

    Raises:
        FailedError: the build failed; its log has been printed.
    """
    app, directory = ctx.app(), ctx.arg() or "."
    url = _upload(ctx, app, directory)
    ctx.out.start("Starting build")
    started = ctx.call(
        "build_create",
        app,
        url=url,
        build_args=ctx.flags.get("build-args"),
        description=ctx.text("description") or _description() or None,
        development=development or None,
        git_sha=_git("-C", directory, "rev-parse", "HEAD") or None,
        manifest=ctx.text("manifest") or None,
        no_cache=ctx.on("no-cache") or None,
        wildcard_domain=ctx.on("wildcard-domain") or None,
    )
    ctx.out.ok()
    return _followed(ctx, started.get("app") or app, started["id"])


def _upload(ctx: Context, app: str, directory: str) -> str:
    from convox.cli.source import pack

    manifest = os.path.normpath(ctx.text("manifest") or "convox.yml")
    ctx.out.start("Packaging source")
    with pack(directory, manifest, quick=_is_near(ctx)) as file:
        ctx.out.ok()
        ctx.system()
        ctx.out.start("Uploading source")
        key = f"tmp/{os.urandom(15).hex()}.tgz"
        length = os.fstat(file.fileno()).st_size
        stored = ctx.upload("object_store", app, key, body=file, length=length).json()
    ctx.out.ok()
    return str(stored.get("Url") or stored.get("url"))


def _followed(ctx: Context, app: str, build: str) -> dict[str, Any]:
    from convox.cli.waits import build_ended

    printed, complete = _follow_log(ctx, app, build)
    ended = build_ended(ctx, app, build)
    if not (complete and ctx.quick()):
        _print_from(ctx, app, build, printed)
    if ended["status"] == "failed":
        raise FailedError("build failed", why=ended.get("reason") or "")
    return ended


def _follow_log(ctx: Context, app: str, build: str) -> tuple[int, bool]:
    """Copy the log while the build runs; return how much came and whether its end did."""
    count = 0
    try:
        for data in _log(ctx, app, build):
            ctx.out.relay(data)
            count += len(data)
    except ConvoxError:
        return count, False  # the build goes on without us: what is missing is fetched at its end
    return count, True


def _print_from(ctx: Context, app: str, build: str, skip: int) -> None:
    """Print the log past its first `skip` bytes."""
    count = 0
    for data in _log(ctx, app, build):
        ctx.out.relay(data[max(0, skip - count) :])
        count += len(data)


def _log(ctx: Context, app: str, build: str) -> Iterator[bytes]:
    socket = ctx.open("build_logs", app, build)
    try:
        while data := socket.read():
            yield data
    finally:
        socket.close()


def _is_near(ctx: Context) -> bool:
    endpoint = ctx.http.endpoint
    return endpoint.scheme == "unix" or endpoint.host in ("localhost", "127.0.0.1", "::1")


def _description() -> str:
    """Return `build SHA SUBJECT` of a clean git tree, else ""."""
    head = _git("log", "-n", "1", "--pretty=%h %s", "--abbrev=10")
    return f"build {head}" if head and _git("diff", "--quiet") is not None else ""


def _git(*words: str) -> str | None:
    """Return what git prints; None if it fails, is not there, or there is no repository."""
    place = words[1] if words[0] == "-C" else "."
    if not _in_repository(os.path.realpath(place)):
        return None
    import subprocess

    try:
        ran = subprocess.run(["git", *words], capture_output=True, check=False)
    except OSError:
        return None
    return ran.stdout.decode(errors="replace").strip() if ran.returncode == 0 else None


def _in_repository(path: str) -> bool:
    while not os.path.exists(os.path.join(path, ".git")):
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True
