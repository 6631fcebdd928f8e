"""A build as one file: a gzip tar of `build.json` and what `docker save` gives for its images.

Both ways go through a file of the rack's work folder, never through memory: a tar must say the
size of an entry before its bytes, and what a stranger's archive names must be read before the
engine loads it.

Source: wire.md section 8, "Build export".
"""

from __future__ import annotations

import json
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
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
        InvalidError: it is no complete export, or names what it has no business to replace.
    """
    job.work.mkdir(parents=True, mode=0o700)
    spool = job.work / "images.tar"
    build = _receive(body, spool)
    names = _checked_names(job, build, spool)
    _check_services(build, names)
    engine, layout = job.tools.engine, job.tools.layout
    foreign = [name for name in names if engine.image_find(name) is None]
    with spool.open("rb") as file:
        engine.image_load(FileBody(file))
    try:
        for name, service in names.items():
            copy_image(
                engine, name, layout.image(job.build.app, service, job.build.id), job.labels()
            )
    finally:
        for name in foreign:
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


def _checked_names(job: Job, build: Build, spool: Path) -> dict[str, str]:
    """Return image name to service; loading replaces names, so each must be this build's own."""
    with damaged("the images of the archive cannot be read"), tarfile.open(spool) as archive:
        content = archive.extractfile("manifest.json")
        entries = json.loads(content.read(_JSON_LIMIT)) if content else []
        named = [str(tag) for entry in entries for tag in entry["RepoTags"] or ()]
        named += [tag for tag in _indexed(archive) if tag not in named]
    names = {}
    own = job.tools.layout.image(job.build.app, "", "").partition(":")[0]
    for tag in named:
        found = _REPOSITORY_TAG.fullmatch(tag)
        is_new = tag.startswith(f"{own}:") or job.tools.engine.image_find(tag) is None
        if found is None or found.group(2) != build.id or not is_new:
            why = f"only names of build {build.id} that no image here has are loaded"
            raise InvalidError(f'the archive names an image "{tag[:200]}"', why=why)
        names[tag] = found.group(1)
    return names


def _indexed(archive: tarfile.TarFile) -> list[str]:
    """Return the names in the second index that newer engines write beside the first."""
    try:
        content = archive.extractfile("index.json")
    except KeyError:
        return []
    entries = json.loads(content.read(_JSON_LIMIT))["manifests"] if content else []
    notes = (entry.get("annotations") or {} for entry in entries)
    names = (str(note.get("io.containerd.image.name", "")) for note in notes)
    return [name.removeprefix("docker.io/") for name in names if name]


def _check_services(build: Build, names: dict[str, str]) -> None:
    manifest = check(build.manifest, None).manifest
    services = [service.name for service in manifest.services] if manifest else []
    missing = sorted(set(services) - set(names.values()))
    if missing or not names:
        lacking = ", ".join(missing) or "any service"
        raise InvalidError("the archive is not complete", why=f"it has no image of {lacking}")
