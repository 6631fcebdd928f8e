"""Files of a process: fetch a path, put a tar, remove paths. Nothing is held in memory.

The engine names the entries of an archive from the last part of the path; the wire has full
paths, so headers are rewritten as they pass. Uploads are checked entry by entry: no `..`, no
devices; one that is refused or cut short changes nothing. Why archives pass over the disk is
said in spool.py.
"""

from __future__ import annotations

import copy
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, cast

from convox.core.errors import ConvoxError, FailedError, InvalidError, NotFoundError
from convox.core.stream import Chunks
from convox.providers.local.archive import damaged
from convox.providers.local.engine import Engine
from convox.providers.local.spool import ReadAhead, spooled

_PIECE = 256 << 10
_LINKS_FOLLOWED = 8
_NO_COMMAND = (126, 127)
_FETCHED = "the engine's archive is not a complete tar"
_SENT = "the upload is not a complete tar"
_ORDINARY = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE)


class TarStream:
    """A tar that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes], source: Chunks) -> None:
        self._pieces = pieces
        self._source = source
        self._rest = b""

    def read(self, size: int = 65536, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def download(engine: Engine, id: str, path: str, folder: Path) -> Chunks:
    """Return a path as a tar whose names are full paths without the leading slash.

    A symbolic link is followed, so that fetching one gives what a person sees there.

    Raises:
        InvalidError: the path is not absolute.
        NotFoundError: nothing is there.
    """
    wanted = _absolute(path)
    place = wanted
    for _ in range(_LINKS_FOLLOWED):
        source = ReadAhead(_fetch(engine, id, place, path), folder)
        entries = _open(source, _FETCHED)
        first = _first(entries, source)
        if first is None or not first[0].issym():
            pieces = _rewritten(_again(first, entries), _renamer(place, wanted), _FETCHED)
            return TarStream(pieces, source)
        source.close()
        place = posixpath.normpath(posixpath.join(posixpath.dirname(place), first[0].linkname))
    raise InvalidError(f"too many symbolic links: {path}")


def upload(engine: Engine, id: str, body: Chunks, folder: Path) -> None:
    """Extract a tar at the root of a container; the caller closes the body.

    Raises:
        InvalidError: it is no whole tar, or holds what must not be; the entry is named.
    """
    with spooled(_rewritten(_open(body, _SENT), _checked, _SENT), folder) as whole:
        while body.read():
            pass
        engine.archive_put(id, "/", whole)


def delete(engine: Engine, id: str, paths: tuple[str, ...]) -> None:
    """Remove paths with what is beneath them; one that is not there is fine.

    Raises:
        InvalidError: a path is not absolute, or is the root.
        FailedError: the container has no `rm`, or it failed.
    """
    wanted = [_absolute(path) for path in paths if path]
    if not wanted or "/" in wanted:
        raise InvalidError("name the files to delete, and not the root")
    session = engine.exec_start(id, ["rm", "-rf", "--", *wanted])
    with closing(session):
        output = b"".join(iter(session.read, b"")).decode(errors="replace").strip()
        code = session.exit_code()
    if code in _NO_COMMAND:
        raise FailedError(f"cannot delete files of process {id[:12]}: its image has no rm command")
    if code != 0:
        raise FailedError(f"cannot delete files of process {id[:12]}", why=output[-500:])


_Entry = tuple[tarfile.TarInfo, IO[bytes] | None]


def _absolute(path: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise InvalidError(f'must specify an absolute path, not "{path}"')
    return "/" + posixpath.normpath(path).lstrip("/")


def _fetch(engine: Engine, id: str, place: str, asked: str) -> Chunks:
    try:
        return engine.archive_get(id, place)
    except NotFoundError as error:
        raise NotFoundError(f"no such file in process {id[:12]}: {asked}") from error


def _open(source: Chunks, what: str) -> Iterator[_Entry]:
    """Yield each entry with its content, to be read before the next is asked for."""
    with (
        damaged(what),
        tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|") as archive,
    ):
        for member in archive:
            yield member, archive.extractfile(member) if member.isreg() else None
            # The module remembers every member, for a random access that a stream has no use for.
            archive.members = []  # type: ignore[attr-defined]


def _first(entries: Iterator[_Entry], source: Chunks) -> _Entry | None:
    try:
        return next(entries, None)
    except ConvoxError:
        source.close()
        raise


def _again(first: _Entry | None, rest: Iterator[_Entry]) -> Iterator[_Entry]:
    if first is not None:
        yield first
    yield from rest


def _rewritten(
    entries: Iterator[_Entry], change: Callable[[tarfile.TarInfo], tarfile.TarInfo], what: str
) -> Iterator[bytes]:
    """Yield a tar with each header changed and each content as it is."""
    with damaged(what):
        for member, content in entries:
            yield change(member).tobuf(tarfile.PAX_FORMAT)
            if content is not None:
                yield from iter(lambda file=content: file.read(_PIECE), b"")  # type: ignore[misc]
                yield b"\0" * (-member.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _renamer(place: str, wanted: str) -> Callable[[tarfile.TarInfo], tarfile.TarInfo]:
    """Return what names entries of an archive of `place` as if they were at `wanted`."""

    def full(name: str) -> str:
        # The first part of each name is the last part of the place.
        beneath = name.strip("/") if place == "/" else name.strip("/").partition("/")[2]
        return posixpath.normpath(posixpath.join(wanted, beneath)).lstrip("/") or "."

    def rename(member: tarfile.TarInfo) -> tarfile.TarInfo:
        linkname = full(member.linkname) if member.islnk() else member.linkname
        return _named(member, full(member.name), linkname)

    return rename


def _checked(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return an entry with a relative name.

    Raises:
        InvalidError: it climbs, or is no file, folder or link.
    """
    parts = member.name.split("/")
    if ".." in parts or (member.islnk() and ".." in member.linkname.split("/")):
        raise InvalidError(f'the upload holds a path that climbs out: "{member.name}"')
    if member.issym() and _climbs(member):
        raise InvalidError(f'the upload holds a link that points out: "{member.name}"')
    if member.type not in _ORDINARY:
        raise InvalidError(f'the upload holds a device or a pipe: "{member.name}"')
    linkname = member.linkname.lstrip("/") if member.islnk() else member.linkname
    return _named(member, member.name.lstrip("/") or ".", linkname)


def _named(member: tarfile.TarInfo, name: str, linkname: str) -> tarfile.TarInfo:
    """Return an entry with another name; extended headers would have the last word otherwise."""
    changed = copy.copy(member)
    changed.name, changed.linkname = name, linkname
    kept = {k: v for k, v in member.pax_headers.items() if k not in ("path", "linkpath")}
    changed.pax_headers = kept
    return changed


def _climbs(link: tarfile.TarInfo) -> bool:
    """Tell whether a relative link leads above the root."""
    if link.linkname.startswith("/"):
        return False
    folder = posixpath.dirname(link.name.lstrip("/"))
    return posixpath.normpath(posixpath.join(folder, link.linkname)).startswith("..")
