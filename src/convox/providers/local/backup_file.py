"""The file of a backup: a tar whose last member is a manifest with the SHA-256 of every other.

`Writer` makes one beside its final name and puts it there whole; `check` reads one from end to
end and says what is in it, or refuses it. Neither knows what a rack is: backup.py and restore.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from convox.core.errors import FailedError, InvalidError

FORMAT = "convox-rack-backup"
VERSION = 1
MANIFEST = "manifest.json"
_PIECE = 1 << 20
_MANIFEST_LIMIT = 8 << 20
_LEVEL = 1
"""Disks are slower than this level, and what is large does not compress well."""


@dataclass(frozen=True)
class Contents:
    """What a checked backup says of itself."""

    facts: Mapping[str, Any]
    """What the rack's part wrote: name, options, volumes."""
    sizes: Mapping[str, int]
    """Name of each member and its bytes before compression."""


@dataclass
class Writer:
    """A backup being written; used as a context, complete once the block ends without an error."""

    path: Path
    facts: Mapping[str, Any]
    _members: dict[str, dict[str, object]] = field(default_factory=dict)

    def __enter__(self) -> Writer:
        self._partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        with _named(self.path):
            descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: object, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with _named(self.path):
                    self._finish()
        finally:
            self._partial.unlink(missing_ok=True)
            # A full disk has been told by now; closing would tell it once more.
            with suppress(OSError):
                self._file.close()

    def add(self, name: str, pieces: Iterator[bytes]) -> None:
        """Add a member, compressed; it passes over the disk, for its size comes first in a tar."""
        with _named(self.path), tempfile.TemporaryFile(dir=self.path.parent) as spool:
            digest, size = _compress(pieces, spool)
            entry = tarfile.TarInfo(f"{name}.gz")
            entry.size, entry.mode = spool.tell(), 0o600
            spool.seek(0)
            self._tar.addfile(entry, spool)
        self._members[f"{name}.gz"] = {"sha256": digest, "size": size}

    def _finish(self) -> None:
        document = {
            "format": FORMAT,
            "version": VERSION,
            "facts": dict(self.facts),
            "members": self._members,
        }
        data = json.dumps(document, indent=1, sort_keys=True).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(data), 0o600
        self._tar.addfile(entry, BytesIO(data))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._partial.replace(self.path)


def check(path: Path) -> Contents:
    """Read a backup from end to end.

    Raises:
        InvalidError: it is no backup, of another version, cut short, or altered; says which.
    """
    with _opened(path) as archive:
        found = {}
        manifest: dict[str, Any] = {}
        for entry in archive:
            body = archive.extractfile(entry)
            if body is None or manifest:
                raise damaged(path, f"it has an unexpected member {entry.name!r}")
            if entry.name == MANIFEST:
                manifest = _manifest(path, body.read(_MANIFEST_LIMIT))
            else:
                found[entry.name] = _digest(body)
    if not manifest:
        raise damaged(path, "its end is missing")
    wanted: dict[str, dict[str, Any]] = manifest["members"]
    for name in sorted(wanted.keys() | found.keys()):
        if name not in wanted or name not in found:
            raise damaged(path, f"its member {name!r} is {_lack(name in found)}")
        if wanted[name]["sha256"] != found[name]:
            raise damaged(path, f"its member {name!r} was altered")
    sizes = {name.removesuffix(".gz"): int(member["size"]) for name, member in wanted.items()}
    return Contents(manifest["facts"], sizes)


@contextmanager
def member(path: Path, name: str) -> Iterator[Iterator[bytes]]:
    """Give a member of a checked backup, in pieces."""
    with _opened(path) as archive:
        body = archive.extractfile(f"{name}.gz")
        if body is None:
            raise damaged(path, f"it has no {name!r}")
        yield _inflated(body)


class Pieces:
    """Pieces as a body of the size that is asked for."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], None] = lambda: None) -> None:
        self._pieces = pieces
        self._ready = b""
        self.close = close

    def read(self, size: int = 65536, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        while not self._ready:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._ready = piece
        data, self._ready = self._ready[:size], self._ready[size:]
        return data


def damaged(path: Path, why: str) -> InvalidError:
    """Return the refusal of a file."""
    return InvalidError(
        f"{path} is no usable backup", why=why, fix="take another copy; nothing was changed"
    )


def _manifest(path: Path, data: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(data)
        kind, version = document["format"], document["version"]
        complete = isinstance(document["members"], dict) and isinstance(document["facts"], dict)
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, "its manifest cannot be read") from error
    if kind != FORMAT or not complete:
        raise damaged(path, "it is not a backup of a rack")
    if version != VERSION:
        raise damaged(path, f"it is of version {version}, this program reads version {VERSION}")
    return document


def _digest(body: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := body.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _lack(is_found: bool) -> str:
    return "not in the manifest" if is_found else "missing"


def _compress(pieces: Iterator[bytes], spool: IO[bytes]) -> tuple[str, int]:
    """Write pieces compressed; return the digest of what was written, and the bytes given."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        size += len(piece)
        packed = compressor.compress(piece)
        digest.update(packed)
        spool.write(packed)
    rest = compressor.flush()
    digest.update(rest)
    spool.write(rest)
    return digest.hexdigest(), size


def _inflated(body: IO[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(31)
    while piece := body.read(_PIECE):
        yield inflater.decompress(piece)
    yield inflater.flush()


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, mode="r:") as archive:
            yield archive
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise damaged(path, str(error) or "it is cut short") from error
    except FileNotFoundError as error:
        raise InvalidError(f"no such file: {error.filename}") from error


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say which backup could not be written."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise FailedError(
            f"cannot write {path}", why=why, fix="choose a folder with more space"
        ) from error
