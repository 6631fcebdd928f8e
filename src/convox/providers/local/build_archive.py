"""A build as one file: a gzip tar of `build.json` and what `docker save` gives for its images.

Both ways go through a file of the rack's work folder, never through memory: a tar must say the
size of an entry before its bytes, and what a stranger's archive names must be read before the
engine loads it.

Source: wire.md section 8, "Build export".
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from convox.api import codec
from convox.api.types import Build
from convox.core.errors import InvalidError, NotFoundError
from convox.core.stream import Chunks
from convox.manifest import check
from convox.providers.local.archive import Limits, damaged, opened
from convox.providers.local.build_job import Job
from convox.providers.local.engine import Engine
from convox.providers.local.image_copy import copy_image
from convox.providers.local.layout import Layout
from convox.providers.local.objects import FileBody

_PIECE = 1 << 20
_BLOCK = 512
_JSON_LIMIT = 4 << 20
_REPOSITORY_TAG = re.compile(r"[^\s:]+(?::[0-9]+/[^\s:]+)?:([a-z][a-z0-9-]*)\.(B[A-Z]{10})")
_INDEX_NAME = "io.containerd.image.name"
_LEVEL = 1
"""Images are mostly what does not compress well, and exports wait for the compressor."""


def export_build(engine: Engine, layout: Layout, build: Build, names: list[str]) -> Chunks:
    """Return a build and its images as a gzip tar; the caller closes it."""
    if not names:
        why = "its images were removed; images of old builds are not kept"
        raise NotFoundError(f"build {build.id} has no images", why=why)
    layout.work.mkdir(parents=True, exist_ok=True, mode=0o700)
    spool = tempfile.TemporaryFile(dir=layout.work)  # noqa: SIM115  the body closes it
    saved = engine.image_save(names)
    try:
        while piece := saved.read(_PIECE):
            spool.write(piece)
    except BaseException:
        spool.close()
        raise
    finally:
        saved.close()
    return _Compressed(_tar(build, spool), spool)


def import_images(job: Job, body: Chunks) -> Build:
    """Load the images of an archive as those of a new build; returns the old build.

    Raises:
        InvalidError: it is no complete export, or names images of something else.
    """
    job.work.mkdir(parents=True, mode=0o700)
    spool = job.work / "images.tar"
    build = _receive(body, spool)
    names = _renamed(job, build, spool)
    _check_services(build, names)
    engine, layout = job.tools.engine, job.tools.layout
    try:
        with spool.open("rb") as file:
            engine.image_load(FileBody(file))
        for service, name in names.items():
            copy_image(
                engine, name, layout.image(job.build.app, service, job.build.id), job.labels()
            )
    finally:
        for name in names.values():
            engine.image_remove(name)
    return build


class _Compressed:
    """Pieces, compressed as they are read."""

    def __init__(self, pieces: Iterator[bytes], spool: IO[bytes]) -> None:
        self._pieces = pieces
        self._spool = spool
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        self._ready = b""
        self._ended = False

    def read(self, size: int = 65536, /) -> bytes:
        while len(self._ready) < size and not self._ended:
            piece = next(self._pieces, None)
            self._ended = piece is None
            self._ready += self._compressor.flush() if piece is None else self._packed(piece)
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def close(self) -> None:
        self._spool.close()

    def _packed(self, piece: bytes) -> bytes:
        return self._compressor.compress(piece)


def _tar(build: Build, spool: IO[bytes]) -> Iterator[bytes]:
    description = codec.dump(build)
    yield _header("build.json", len(description)) + _padded(description)
    size = spool.tell()
    yield _header(f"{build.app}.{build.id}.tar", size)
    spool.seek(0)
    yield from iter(lambda: spool.read(_PIECE), b"")
    yield bytes(-size % _BLOCK) + bytes(2 * _BLOCK)


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o600
    return entry.tobuf(tarfile.PAX_FORMAT)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _receive(body: Chunks, spool: Path) -> Build:
    build: Build | None = None
    with (
        damaged("the archive is not a complete export of a build"),
        opened(body) as archive,
    ):
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and member.name.endswith("build.json"):
                build = _decoded(content.read(_JSON_LIMIT))
            elif content is not None and member.name.endswith(".tar"):
                _spool(content, spool, member.size)
    if build is None or not spool.exists():
        what = "build.json" if build is None else "its images"
        raise InvalidError("the archive is not an export of a build", why=f"{what} is missing")
    return build


def _decoded(data: bytes) -> Build:
    try:
        build: Build = codec.load(Build, data)
    except InvalidError as error:
        raise InvalidError("build.json of the archive cannot be read", why=error.wire) from error
    return build


def _spool(content: IO[bytes], spool: Path, size: int) -> None:
    limit = Limits().total_bytes
    if size > limit:
        raise InvalidError(f"the images of the archive are larger than {limit} bytes")
    with spool.open("wb") as file:
        while piece := content.read(_PIECE):
            file.write(piece)
    if spool.stat().st_size != size:
        raise EOFError("the images are cut short")


def _renamed(job: Job, build: Build, spool: Path) -> dict[str, str]:
    """Give the images names that nothing here has, as loading replaces names; service to name.

    The indexes are written once more behind the archive, where the last of a name counts.
    """
    new: dict[str, str] = {}

    def rename(tag: str) -> str:
        found = _REPOSITORY_TAG.fullmatch(tag)
        if found is None or found.group(2) != build.id:
            why = f"only names of build {build.id} are loaded"
            raise InvalidError(f'the archive names an image "{tag[:200]}"', why=why)
        name = job.tools.layout.image(job.build.app, found.group(1), f"{job.build.id}-import")
        new[found.group(1)] = name
        return name

    with damaged("the images of the archive cannot be read"):
        with tarfile.open(spool) as archive:
            changed = dict(_renamed_indexes(archive, rename))
        with tarfile.open(spool, "a") as archive:
            for name, content in changed.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return new


def _renamed_indexes(
    archive: tarfile.TarFile, rename: Callable[[str], str]
) -> Iterator[tuple[str, bytes]]:
    content = archive.extractfile("manifest.json")
    entries = json.loads(content.read(_JSON_LIMIT)) if content else []
    for entry in entries:
        entry["RepoTags"] = [rename(str(tag)) for tag in entry["RepoTags"] or ()]
    yield "manifest.json", json.dumps(entries).encode()
    if "index.json" not in archive.getnames():
        return
    # Newer engines write a second index beside the first, and read that.
    content = archive.extractfile("index.json")
    index = json.loads(content.read(_JSON_LIMIT)) if content else {"manifests": []}
    for entry in index["manifests"]:
        notes = entry.get("annotations") or {}
        if full := str(notes.get(_INDEX_NAME, "")):
            notes[_INDEX_NAME] = f"docker.io/{rename(full.removeprefix('docker.io/'))}"
    yield "index.json", json.dumps(index).encode()


def _check_services(build: Build, names: Mapping[str, str]) -> None:
    manifest = check(build.manifest, None).manifest
    services = [service.name for service in manifest.services] if manifest else []
    missing = sorted(set(services) - set(names))
    if missing or not names:
        lacking = ", ".join(missing) or "any service"
        raise InvalidError("the archive is not complete", why=f"it has no image of {lacking}")
