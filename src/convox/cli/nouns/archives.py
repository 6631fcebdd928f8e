"""Exports and imports of builds, resources and whole apps, streamed through files and pipes.

An app's archive is a gzip tar of `app.json`, `env` and `build.tgz`, as the existing client has it.
"""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import tempfile

from convox.core.errors import FailedError, InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from convox.cli.context import Context
    from convox.core.stream import Chunks

_CHUNK = 65536
_NOT_EXPORTED = ("Rack", "LogBucket", "ResourcePassword", "ParamPassword")
_NOT_COMPARED = ("Rack", "LogBucket", "ResourcePassword")


def export_build(ctx: Context) -> None:
    """Write a build to a file or to a pipe."""
    with _target(ctx) as file:
        ctx.out.start("Exporting build")
        _copy(ctx.send("build_export", ctx.app(), ctx.arg()), file)
        ctx.out.ok()


def import_build(ctx: Context) -> None:
    """Read a build from a file or from a pipe."""
    app = ctx.app()
    with _source(ctx) as file:
        ctx.system()
        ctx.out.start("Importing build")
        release = ctx.upload("build_import", app, body=file).json()["release"]
    ctx.out.ok(release)
    ctx.out.id(release)


def export_resource(ctx: Context) -> None:
    """Write a dump of a resource to a file or to a pipe."""
    # Asked for first: a file that is there is not given up for a dump that fails.
    dump = ctx.send("resource_export", ctx.app(), ctx.arg())
    with _target(ctx) as file:
        ctx.out.start(f"Exporting {ctx.arg()}")
        _copy(dump, file)
        ctx.out.ok()


def import_resource(ctx: Context) -> None:
    """Replace the data of a resource by a dump from a file or from a pipe."""
    app = ctx.app()
    with _source(ctx) as file:
        ctx.out.start(f"Importing {ctx.arg()}")
        ctx.upload("resource_import", app, ctx.arg(), body=file).content()
    ctx.out.ok()


def export_app(ctx: Context) -> None:
    """Write an app, its env and its build to a file or to a pipe."""
    name = ctx.app(ctx.arg())
    with _target(ctx) as target, tempfile.TemporaryFile() as build:
        ctx.out.start(f"Exporting app {name}")
        app = ctx.call("app_get", name)
        ctx.out.ok()
        env = _export_release(ctx, app, build) if app["release"] else None
        ctx.out.start("Packaging export")
        parameters = app.get("parameters") or {}
        app["parameters"] = {k: v for k, v in parameters.items() if k not in _NOT_EXPORTED}
        with tarfile.open(fileobj=target, mode="w|gz") as archive:
            _add(archive, "app.json", io.BytesIO(json.dumps(app, indent=2).encode()))
            if env is not None:
                _add(archive, "env", io.BytesIO(env.encode()))
            if build.tell():
                _add(archive, "build.tgz", build)
        ctx.out.ok()


def import_app(ctx: Context) -> None:
    """Create an app from an export, promote it and set its parameters."""
    name = ctx.app(ctx.arg())
    with _source(ctx) as source, tempfile.TemporaryFile() as build:
        parts = _parts(source, build)
        app = json.loads(parts["app.json"])
        _create(ctx, name, app.get("generation") or None)
        release = ""
        if build.tell():
            build.seek(0)
            ctx.out.start("Importing build")
            release = ctx.upload("build_import", name, body=build).json()["release"]
            ctx.out.ok(release)
    if parts.get("env"):
        ctx.out.start("Importing env")
        release = ctx.call("release_create", name, env=parts["env"].decode())["id"]
        ctx.out.ok(release)
    if release:
        ctx.out.start(f"Promoting {release}")
        ctx.do("release_promote", name, release)
        _wait(ctx, name)
        ctx.out.ok()
    _set_parameters(ctx, name, app.get("parameters") or {})


def _export_release(ctx: Context, app: dict[str, Any], build: BinaryIO) -> str:
    ctx.out.start("Exporting env")
    release = ctx.call("release_get", app["name"], app["release"])
    ctx.out.ok()
    if release["build"]:
        ctx.out.start(f"Exporting build {release['build']}")
        _copy(ctx.send("build_export", app["name"], release["build"]), build)
        ctx.out.ok()
    return str(release["env"] or "")


def _create(ctx: Context, name: str, generation: str | None) -> None:
    ctx.out.start(f"Creating app {name}")
    ctx.call("app_create", name=name, generation=generation)
    _wait(ctx, name)
    ctx.out.ok()


def _set_parameters(ctx: Context, name: str, exported: dict[str, str]) -> None:
    wanted = {key: value for key, value in exported.items() if key not in _NOT_COMPARED}
    current = ctx.call("app_get", name).get("parameters") or {}
    if any(current.get(key) != value for key, value in wanted.items()):
        ctx.out.start("Updating parameters")
        ctx.do("app_update", name, parameters=wanted)
        _wait(ctx, name)
        ctx.out.ok()


def _wait(ctx: Context, name: str) -> None:
    from convox.cli.waits import app_running

    app_running(ctx, name)


def _parts(source: BinaryIO, build: BinaryIO) -> dict[str, bytes]:
    """Return the small parts of an export; the build goes to its own file."""
    parts: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=source, mode="r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None and member.name == "build.tgz":
                    _copy(content, build)
                elif content is not None and member.name in ("app.json", "env"):
                    parts[member.name] = content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise FailedError("the export cannot be read", why=str(error)) from error
    if "app.json" not in parts:
        raise InvalidError("not the export of an app", why="it has no app.json")
    return parts


def _add(archive: tarfile.TarFile, name: str, file: BinaryIO) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = file.seek(0, io.SEEK_END), 0o600
    file.seek(0)
    archive.addfile(member, file)


def _copy(source: Chunks | Any, target: BinaryIO) -> None:
    while data := source.read(_CHUNK):
        target.write(data)


@contextlib.contextmanager
def _target(ctx: Context) -> Iterator[BinaryIO]:
    """Open --file, or stdout if it is no terminal; a file that was not finished is removed."""
    path = ctx.text("file")
    if not path:
        if ctx.out.terminal:
            raise InvalidError("pipe this command into a file or specify --file")
        target = ctx.out.archive()
        yield target
        target.flush()
        return
    import os

    try:
        with open(path, "wb") as file:
            yield file
    except BaseException:
        os.unlink(path)
        raise


@contextlib.contextmanager
def _source(ctx: Context) -> Iterator[BinaryIO]:
    """Open --file, or stdin if it is no terminal."""
    path = ctx.text("file")
    if path:
        with open(path, "rb") as file:
            yield file
        return
    if ctx.stdin.isatty():
        raise InvalidError("pipe a file into this command or specify --file")
    yield ctx.stdin
