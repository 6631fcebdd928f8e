"""Environment variables: shown, set, unset, edited; every change is a new release."""

from __future__ import annotations

from convox.cli.nouns.releases import env_text, latest_env, parse_env, promote_when_ready
from convox.core.errors import FailedError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print the env of the newest release."""
    env = latest_env(ctx, ctx.app())
    if not ctx.json(env):
        ctx.out.line(env_text(env))


def get(ctx: Context) -> None:
    """Print one variable."""
    env = latest_env(ctx, ctx.app())
    if ctx.arg() not in env:
        raise NotFoundError(f"env not found: {ctx.arg()}")
    ctx.out.line(env[ctx.arg()])


def set_some(ctx: Context) -> None:
    """Set variables from the arguments and, unless it is a terminal, from standard input."""
    app = ctx.app()
    env = {} if ctx.on("replace") else latest_env(ctx, app)
    given = parse_env("\n".join(ctx.args))
    for word in ctx.args:  # a value may hold line breaks when it is an argument
        key, equals, value = word.partition("=")
        if equals and key.strip():
            given[key.strip()] = value
    if not ctx.stdin.isatty():
        given |= parse_env(ctx.stdin.read().decode(errors="surrogateescape"))
    _release(ctx, app, f"Setting {', '.join(sorted(given))}", {**env, **given})


def unset(ctx: Context) -> None:
    """Remove variables; those that are not there do not matter."""
    app = ctx.app()
    env = latest_env(ctx, app)
    for key in ctx.args:
        env.pop(key, None)
    _release(ctx, app, f"Unsetting {', '.join(sorted(ctx.args))}", env)


def edit(ctx: Context) -> None:
    """Open the env in the person's editor and store what comes out."""
    app = ctx.app()
    env = parse_env(_edited(ctx, app, env_text(latest_env(ctx, app))))
    _release(ctx, app, f"Setting {', '.join(sorted(env))}", env)


def _release(ctx: Context, app: str, doing: str, env: dict[str, str]) -> None:
    ctx.out.start(doing)
    ctx.system()
    release = ctx.call("release_create", app, env=env_text(env))["id"]
    ctx.out.ok()
    ctx.out.line(f"Release: {release}")
    if ctx.on("promote"):
        promote_when_ready(ctx, app, release)
    ctx.out.id(release)


def _edited(ctx: Context, app: str, text: str) -> str:
    """Return `text` after the editor; the file is private and removed whatever happens."""
    import os
    import shlex
    import subprocess
    import tempfile

    editor = shlex.split(ctx.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, f"{app}.env")
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        if subprocess.run([*editor, path], check=False).returncode:
            raise FailedError(f"editor failed: {editor[0]}", why="nothing was changed")
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
