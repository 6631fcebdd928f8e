"""Tar streams of `convox cp`: written and unpacked member by member, never held in memory.

Unpacking makes plain files and directories under the destination and nothing else: no link, no
device, no path that climbs out. Source: wire.md section 8, "cp".
"""

from __future__ import annotations

import os
import posixpath
import tarfile

from convox.core.errors import FailedError, InvalidError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from convox.core.stream import Chunks

_CHUNK = 65536
_BLOCK = 512


class TarSource:
    """A tar made while it is read: a `Chunks`."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = _CHUNK, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return b""
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """End it."""
        self._pieces = iter(())


def tar_of(source: str, destination: str) -> TarSource:
    """Return the tar of a local path, named as it shall be on the other side.

    Raises:
        NotFoundError: there is no such path.
    """
    if not os.path.exists(source):
        raise NotFoundError(f"no such file or directory: {source}")
    return TarSource(_with_end(_local(source, destination)))


def renamed(stream: Chunks, requested: str, destination: str) -> TarSource:
    """Return the tar in `stream` under other names, as it comes."""
    return TarSource(_with_end(_relayed(stream, requested, destination)))


def unpack(stream: Chunks, requested: str, destination: str) -> None:
    """Write the members of `stream` so that the path `requested` becomes `destination`.

    Raises:
        InvalidError: a member would be written outside of the destination.
        FailedError: the stream is no complete tar.
    """
    root = os.path.realpath(destination)
    for archive, member in _members(stream):
        name = _re_rooted(member.name, requested, member.isfile())
        if name is None or not (member.isfile() or member.isdir()):
            continue
        _write(archive, member, root, name)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, root: str, name: str) -> None:
    if not name and member.isfile() and os.path.isdir(root):
        name = posixpath.basename(member.name)
    path = os.path.normpath(os.path.join(root, name))
    if os.path.commonpath((os.path.realpath(path), root)) != root:
        raise InvalidError(f"refused {member.name}: it would be written outside of {root}")
    if member.isdir():
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, member.mode & 0o777 or 0o644)
    with os.fdopen(descriptor, "wb") as file:
        for data in _content(archive, member):
            file.write(data)


def _members(stream: Chunks) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                yield archive, member
    except tarfile.TarError as error:
        raise FailedError("the rack sent a broken archive", why=str(error)) from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    try:
        content = archive.extractfile(member)
        while content and (data := content.read(_CHUNK)):
            yield data
    except tarfile.TarError as error:
        raise FailedError("the rack sent a broken archive", why=str(error)) from error


def _re_rooted(name: str, requested: str, is_file: bool) -> str | None:
    """Return a member's name below the requested path: "" for that itself, None to skip it.

    A file elsewhere is placed inside of the destination, as the existing client does.
    """
    full = posixpath.normpath("/" + name.lstrip("/"))
    root = posixpath.normpath(requested)
    if full == root:
        return ""
    if full.startswith(root.rstrip("/") + "/"):
        return full[len(root.rstrip("/")) + 1 :]
    return full.lstrip("/") if is_file else None


def _local(source: str, destination: str) -> Iterator[bytes]:
    waiting = [(os.path.realpath(source), posixpath.normpath(destination))]
    while waiting:
        path, name = waiting.pop(0)
        if os.path.isdir(path):
            yield _header(name + "/", 0, os.stat(path), tarfile.DIRTYPE)
            waiting += [
                (os.path.join(path, entry), f"{name}/{entry}") for entry in sorted(os.listdir(path))
            ]
        elif os.path.isfile(path):
            yield from _file(path, name)


def _file(path: str, name: str) -> Iterator[bytes]:
    """Yield a file as it is announced: one that shrinks meanwhile is filled up with zeros."""
    with open(path, "rb") as file:
        stat = os.fstat(file.fileno())
        yield _header(name, stat.st_size, stat, tarfile.REGTYPE)
        left = stat.st_size
        while left and (data := file.read(min(_CHUNK, left))):
            left -= len(data)
            yield data
    yield bytes(left + -stat.st_size % _BLOCK)


def _relayed(stream: Chunks, requested: str, destination: str) -> Iterator[bytes]:
    for archive, member in _members(stream):
        below = _re_rooted(member.name, requested, member.isfile())
        if below is None or not (member.isfile() or member.isdir()):
            continue
        member.name = posixpath.normpath(posixpath.join(destination, below))
        yield member.tobuf(tarfile.GNU_FORMAT)
        yield from _content(archive, member)
        yield bytes(-member.size % _BLOCK)


def _header(name: str, size: int, stat: os.stat_result, kind: bytes) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    member.mode, member.mtime = stat.st_mode & 0o7777, int(stat.st_mtime)
    return member.tobuf(tarfile.GNU_FORMAT)


def _with_end(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from pieces
    yield bytes(2 * _BLOCK)
