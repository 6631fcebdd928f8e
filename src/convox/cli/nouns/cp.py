"""Copying files between here and processes, in either direction or between two processes."""

from __future__ import annotations

from convox.cli.archive import renamed, tar_of, unpack
from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.archive import TarSource
    from convox.cli.context import Context


def cp(ctx: Context) -> None:
    """Copy a file or a directory; silent on success."""
    app = ctx.app()
    source_pid, source = _place(ctx.arg(0))
    target_pid, target = _place(ctx.arg(1))
    if not source_pid:
        if not target_pid:
            unpack(tar_of(source, "/source"), "/source", target)
            return
        _upload(ctx, app, target_pid, tar_of(source, _inside(target, source)))
        return
    response = ctx.send("files_download", app, source_pid, file=source)
    if target_pid:
        _upload(ctx, app, target_pid, renamed(response, source, _inside(target, source)))
    else:
        unpack(response, source, target)


def _upload(ctx: Context, app: str, pid: str, body: TarSource) -> None:
    ctx.upload("files_upload", app, pid, body=body).content()


def _inside(target: str, source: str) -> str:
    """Return `target`, or the source's name inside of it when it is written as a directory."""
    if not target.endswith("/"):
        return target
    return target + source.rstrip("/").rpartition("/")[2]


def _place(word: str) -> tuple[str, str]:
    pid, colon, path = word.partition(":")
    if not colon:
        return "", word
    if not path.startswith("/"):
        raise InvalidError("must specify absolute paths for processes")
    return pid, path
