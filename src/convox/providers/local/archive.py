"""Unpack an archive that a stranger made, so that nothing lands or points outside of one folder.

Refused by name: absolute paths, `..`, links whose target is outside, entries beneath a link,
devices and pipes, more bytes or entries than the limits. On any refusal the folder is the
caller's to remove: what was written so far is inside it. Owners and set-id bits are not kept.
"""

from __future__ import annotations

import os
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from convox.core.errors import FailedError, InvalidError
from convox.core.stream import Chunks

_PIECE = 1 << 20
_BLOCK = 512
_MOST_PADDING = 64
_GZIP = 31
"""The window of zlib that means gzip, its checksum included."""
_DAMAGE = (
    tarfile.TarError,
    EOFError,
    zlib.error,
    ValueError,
    KeyError,
    TypeError,
    OverflowError,
)


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to."""

    total_bytes: int = 20 << 30
    entries: int = 1_000_000


def unpack(source: Chunks, folder: Path, limits: Limits | None = None) -> None:
    """Unpack a tar, gzipped or not, into an existing empty folder.

    Raises:
        InvalidError: it is damaged, cut short, or holds what is refused; the entry is named.
        FailedError: the disk refused.
    """
    unpacking = _Unpacking(folder, limits or Limits())
    with damaged("the archive is not a complete tar"), opened(source) as archive:
        for member in archive:
            unpacking.add(archive, member)
            # The module remembers every member, for a random access that a stream has no use for.
            archive.members = []  # type: ignore[attr-defined]
    unpacking.check_links()


@contextmanager
def opened(source: Chunks) -> Iterator[tarfile.TarFile]:
    """Open a tar that is read once, gzipped or not, and see at the end that it was whole.

    The module itself takes an archive that is cut between two entries for a shorter one.
    """
    reader = _Reader(source)
    with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r|") as archive:
        yield archive
    reader.finish()


class _Reader:
    """The bytes of a tar, inflated where they need to be; knows whether it saw the end."""

    def __init__(self, source: Chunks) -> None:
        self._source = source
        self._data = source.read(_PIECE)
        while 0 < len(self._data) < 2 and (more := source.read(_PIECE)):
            self._data += more
        gzipped = self._data[:2] == b"\x1f\x8b"
        self._inflater = zlib.decompressobj(_GZIP) if gzipped else None
        self._tail = b""

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes, fewer only at the end."""
        pieces, wanted = [], size
        while wanted > 0 and (piece := self._next(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        data = b"".join(pieces)
        self._tail = (self._tail + data)[-_BLOCK:]
        return data

    def finish(self) -> None:
        """Read what follows the last entry; raises EOFError if the end is missing."""
        for _ in range(_MOST_PADDING):
            if not self.read(_PIECE):
                break
        whole = self._inflater.eof if self._inflater else self._tail == bytes(_BLOCK)
        if not whole:
            raise EOFError("its end is missing")

    def _next(self, size: int) -> bytes:
        if self._inflater is None:
            self._data = self._data or self._source.read(_PIECE)
            piece, self._data = self._data[:size], self._data[size:]
            return piece
        while not self._inflater.eof:
            waiting = self._data or self._source.read(_PIECE)
            piece = self._inflater.decompress(waiting, size)
            self._data = self._inflater.unconsumed_tail
            if piece or not waiting:
                return piece
        return b""


@contextmanager
def damaged(what: str) -> Iterator[None]:
    """Turn what reading a bad archive raises into an error that says `what` is wrong with it.

    Raises:
        InvalidError: the archive is damaged or cut short.
        FailedError: the disk refused.
    """
    try:
        yield
    except _DAMAGE as error:
        raise InvalidError(what, why=str(error)) from error
    except OSError as error:
        # gzip's damage is an OSError without a number.
        if error.errno is None:
            raise InvalidError(what, why=str(error)) from error
        raise FailedError("cannot unpack the archive", why=error.strerror or "") from error


@dataclass
class _Unpacking:
    folder: Path
    limits: Limits
    links: set[str] = field(default_factory=set)
    bytes: int = 0
    entries: int = 0

    def add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = self._checked_name(member)
        self._count(member)
        if name == ".":
            return
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._make_room(path, member)
        if member.isdir():
            path.mkdir(exist_ok=True)
        elif member.issym():
            self._link_softly(path, name, member)
        elif member.islnk():
            self._link_hard(path, member)
        elif member.isreg():
            _write(archive, member, path)
        else:
            raise _refused(member, "is a device or a pipe, which cannot be part of a source")

    def check_links(self) -> None:
        """Refuse links that only together lead outside."""
        root = self.folder.resolve()
        for name in self.links:
            target = Path(os.path.realpath(self.folder / name))
            if not target.is_relative_to(root):
                raise InvalidError(f'the archive\'s entry "{name}" links outside of the archive')

    def _checked_name(self, member: tarfile.TarInfo) -> str:
        name = _normal(member.name)
        if name is None:
            raise _refused(member, "climbs out of the archive")
        if any(parent in self.links for parent in _parents(name)):
            raise _refused(member, "lies beneath a link")
        return name

    def _count(self, member: tarfile.TarInfo) -> None:
        self.entries += 1
        self.bytes += max(0, member.size)
        if self.bytes > self.limits.total_bytes:
            limit = self.limits.total_bytes
            raise _refused(member, f"makes the archive larger than {limit} bytes when unpacked")
        if self.entries > self.limits.entries:
            raise _refused(member, f"is one more than the {self.limits.entries} entries allowed")

    def _make_room(self, path: Path, member: tarfile.TarInfo) -> None:
        """Let a later entry replace an earlier one, as tar does."""
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            path.unlink()
            self.links.discard(path.relative_to(self.folder).as_posix())
        elif path.is_dir() and not member.isdir():
            raise _refused(member, "is both a folder and something else")

    def _link_softly(self, path: Path, name: str, member: tarfile.TarInfo) -> None:
        if _normal(posixpath.join(posixpath.dirname(name), member.linkname)) is None:
            raise _refused(member, f'links to "{member.linkname}", outside of the archive')
        path.symlink_to(member.linkname)
        self.links.add(name)

    def _link_hard(self, path: Path, member: tarfile.TarInfo) -> None:
        target = _normal(member.linkname)
        through = target is None or any(link in self.links for link in (*_parents(target), target))
        if target is None or through or not (self.folder / target).is_file():
            raise _refused(member, f'links to "{member.linkname}", which is not a file before it')
        path.hardlink_to(self.folder / target)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = archive.extractfile(member)
    assert content is not None  # noqa: S101  it is a regular file
    left = member.size
    with path.open("xb") as file:
        while left > 0:
            piece = content.read(min(_PIECE, left))
            if not piece:
                raise EOFError(f"{member.name} is cut short")
            file.write(piece)
            left -= len(piece)
    path.chmod((member.mode & 0o777) | 0o600)
    with suppress(OSError, OverflowError):
        os.utime(path, (member.mtime, member.mtime))


def _normal(name: str) -> str | None:
    """Return a name without needless parts, or None if it is absolute or climbs."""
    if name.startswith("/") or "\0" in name:
        return None
    normal = posixpath.normpath(name)
    return None if normal == ".." or normal.startswith("../") else normal


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _refused(member: tarfile.TarInfo, what: str) -> InvalidError:
    return InvalidError(
        f'the archive\'s entry "{member.name[:200]}" {what}',
        fix="leave it out: name it in .dockerignore",
    )
