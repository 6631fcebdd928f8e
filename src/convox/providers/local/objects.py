"""Objects of apps as files: streamed in, never held in memory, complete or not there at all.

An object is written beside the others and renamed when it is whole, so a reader never sees half
of one. Objects under `tmp/` are uploads on their way to a build; builds.py deletes them.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from convox.api.types import Object, ObjectListOptions
from convox.core.clock import Clock
from convox.core.errors import FailedError, InvalidError, NotFoundError
from convox.core.stream import Chunks
from convox.providers.local.layout import Layout
from convox.providers.local.store import Store

TEMPORARY = "tmp/"
SIZE_SETTING = "object_limit_bytes"
"""Setting that replaces the largest size of an object."""
DEFAULT_LIMIT_BYTES = 10 << 30
TEMPORARY_AGE_S = 24 * 3600
_PARTIAL = ".partial"
_SCHEME = "object://"
_LONGEST_KEY = 1024
_LONGEST_PART = 255


class FileBody:
    """A file as a body that is read once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = 65536, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        return self._file.read(size)

    def close(self) -> None:
        """Close the file; idempotent."""
        self._file.close()


class Objects:
    """The objects of every app of a rack."""

    def __init__(self, store: Store, layout: Layout, clock: Clock) -> None:
        self._store = store
        self._root = layout.objects
        self._clock = clock

    def object_exists(self, app: str, key: str) -> bool:
        """Tell whether an object is there."""
        return self._path(app, key).is_file()

    def object_fetch(self, app: str, key: str) -> FileBody:
        """Return an object's bytes."""
        path = self._path(app, key)
        try:
            return FileBody(path.open("rb"))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFoundError(f"object not found: {_clean(key)}") from error

    def object_store(self, app: str, key: str, body: Chunks) -> Object:
        """Store bytes under a key; an empty key is replaced by a random one under `tmp/`.

        Raises:
            InvalidError: the key is not one, or the body is larger than the limit.
            ConvoxError: whatever reading the body raised; nothing is stored then.
        """
        key = _clean(key) or TEMPORARY + secrets.token_hex(15)
        path = self._path(app, key)
        partial = self._root / _PARTIAL / secrets.token_hex(15)
        partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._receive(body, partial, durable=not key.startswith(TEMPORARY))
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.replace(path)
        except OSError as error:
            raise FailedError(f"cannot store object {key}", why=error.strerror or "") from error
        finally:
            partial.unlink(missing_ok=True)
        return Object(url=f"{_SCHEME}{app}/{key}")

    def object_delete(self, app: str, key: str) -> None:
        """Delete an object."""
        try:
            self._path(app, key).unlink()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFoundError(f"object not found: {_clean(key)}") from error

    def object_list(self, app: str, opts: ObjectListOptions) -> tuple[str, ...]:
        """Return the keys that begin with a prefix, sorted."""
        folder = self._folder(app)
        prefix = (opts.prefix or "").lstrip("/")
        keys = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return tuple(sorted(key for key in keys if key.startswith(prefix)))

    def key_of(self, app: str, url: str) -> str:
        """Return the key that a URL names among the objects of this app.

        Raises:
            InvalidError: it is no such URL.
        """
        owner, _, key = url.removeprefix(_SCHEME).partition("/")
        if not url.startswith(_SCHEME) or owner != app or not _clean(key):
            why = f"the source must be an object of the app: {_SCHEME}{app}/KEY"
            raise InvalidError(f"cannot build from {url[:200]!r}", why=why)
        return _clean(key)

    def forget(self, app: str) -> None:
        """Delete every object of an app."""
        shutil.rmtree(self._root / app, ignore_errors=True)

    def recover(self) -> None:
        """Delete halves of uploads, and temporary objects that no build came for."""
        shutil.rmtree(self._root / _PARTIAL, ignore_errors=True)
        oldest = self._clock.now().timestamp() - TEMPORARY_AGE_S
        for path in self._root.glob(f"*/{TEMPORARY}**/*"):
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _folder(self, app: str) -> Path:
        if self._store.apps.find(app) is None:
            raise NotFoundError(f"app not found: {app}")
        return self._root / app

    def _path(self, app: str, key: str) -> Path:
        folder = self._folder(app)
        clean = _clean(key)
        parts = clean.split("/")
        if len(clean) > _LONGEST_KEY or not all(map(_is_part, parts)):
            why = 'its parts must have 1 to 255 bytes and be neither "." nor ".."'
            raise InvalidError(f"invalid object key {clean[:200]!r}", why=why)
        return folder.joinpath(*parts)

    def _receive(self, body: Chunks, path: Path, *, durable: bool) -> None:
        limit = int(self._store.settings.find(SIZE_SETTING) or DEFAULT_LIMIT_BYTES)
        received = 0
        with path.open("xb", buffering=0) as file:
            path.chmod(0o600)
            while piece := body.read():
                received += len(piece)
                if received > limit:
                    raise InvalidError(f"the upload is larger than {limit} bytes")
                file.write(piece)
            if durable:
                # A source is gone with its build anyway; waiting for the disk would slow deploys.
                os.fsync(file.fileno())


def _clean(key: str) -> str:
    return key.lstrip("/")


def _is_part(part: str) -> bool:
    try:
        size = len(part.encode())
    except UnicodeEncodeError:
        return False
    printable = all(character >= " " and character != "\x7f" for character in part)
    return part not in ("", ".", "..") and size <= _LONGEST_PART and printable
