"""A directory as the gzip tar that a build takes: `.dockerignore` honoured, owners left out.

Goes to a temporary file, so that a large tree is never in memory. What a build cannot do without,
the manifest and Dockerfiles, is kept even when it is ignored; the builder leaves them out again.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile

from convox.cli.ignore import Ignore
from convox.core.errors import NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_QUICK, _SMALL = 1, 6


def pack(directory: str, manifest: str, *, quick: bool) -> BinaryIO:
    """Return a temporary file with the archive of `directory`, rewound; the caller closes it.

    `quick` prefers speed over size: for a rack on this machine.

    Raises:
        NotFoundError: there is no such directory.
    """
    root = os.path.realpath(directory)
    if not os.path.isdir(root):
        raise NotFoundError(f"no such directory: {directory}")
    file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    level = _QUICK if quick else _SMALL
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=level, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in _paths(root, _ignore(root), {manifest or "convox.yml", ".dockerignore"}):
            _add(archive, root, path)
    file.seek(0)
    return file


def _ignore(root: str) -> Ignore:
    try:
        with open(os.path.join(root, ".dockerignore"), encoding="utf-8", errors="replace") as file:
            return Ignore(file.read())
    except FileNotFoundError:
        return Ignore("")


def _paths(root: str, ignore: Ignore, needed: set[str]) -> Iterator[str]:
    """Yield what belongs into the archive, parents before children, in a stable order."""
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(os.path.join(root, below)) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            ignored = ignore.ignores(path) and not _needed(path, entry.name, needed)
            if not ignored:
                yield path
            if entry.is_dir(follow_symlinks=False) and not (ignored and ignore.hides(path)):
                waiting.append(path)


def _needed(path: str, name: str, needed: set[str]) -> bool:
    return path in needed or name == "Dockerfile"


def _add(archive: tarfile.TarFile, root: str, path: str) -> None:
    full = os.path.join(root, path)
    member = archive.gettarinfo(full, path)
    if member is not None and member.islnk():
        member.type, member.size = tarfile.REGTYPE, os.lstat(full).st_size
    if member is None or not (member.isreg() or member.isdir() or member.issym()):
        return  # sockets, pipes and devices have no place in a build
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    if member.isreg():
        with open(full, "rb") as file:
            archive.addfile(member, file)
    else:
        archive.addfile(member)
