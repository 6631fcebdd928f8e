"""Put a rack into one file: state, certificates, objects, volumes, and images and logs by choice.

Works beside the rack whether it runs or not: the state is copied with SQLite's own backup, each
volume while the processes that use it are held. restore.py reads the file; backup_file.py is its
format. The file holds every secret of the rack and is written for its owner only.
"""

from __future__ import annotations

import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from convox import __version__
from convox.core.clock import Clock, SystemClock
from convox.core.errors import NotFoundError
from convox.providers.local import options
from convox.providers.local.backup_file import Writer
from convox.providers.local.containers import ContainerSpec, Mount
from convox.providers.local.engine import Engine
from convox.providers.local.engine_upkeep import Upkeep
from convox.providers.local.layout import LABEL_RACK, Layout, layout_of
from convox.providers.local.router_image import ensure_image
from convox.providers.local.store import open_store

STATE = "state.db"
FOLDERS = {"pki": "router/pki", "objects": "objects", "logs": "logs", "builds": "builds"}
"""Member -> folder of the rack that it holds as a tar; the last two by choice."""
IMAGES = "images.tar"
INSIDE = "/volume"
_PIECE = 1 << 20

Report = Callable[[str], None]


def backup(name: str, path: Path, report: Report, *, images: bool, logs: bool) -> int:
    """Write the backup of a rack to `path`; return its bytes.

    Raises:
        NotFoundError: no such rack is installed.
        FailedError: the file cannot be written; nothing is left of it.
    """
    layout, clock = layout_of(options.check_name(name)), SystemClock()
    if not layout.database.exists():
        raise NotFoundError(f"no rack {name} is installed at {layout.root}")
    engine = Engine()
    volumes = {volume.name: dict(volume.labels) for volume in engine.volumes(_labels(layout))}
    facts = _facts(layout, clock, volumes)
    with Writer(path.absolute(), facts) as writer:
        report("state, certificates and objects")
        writer.add(STATE, _database(layout))
        for member in ("pki", "objects", *(("logs", "builds") if logs else ())):
            writer.add(member, _folder(layout.root / FOLDERS[member]))
        for volume in volumes:
            report(f"volume {volume}")
            writer.add(f"volumes/{volume}", _volume(engine, layout, volume))
        if images and (names := _images(engine, layout)):
            report(f"{len(names)} images")
            writer.add(IMAGES, _saved(engine, names))
    return path.stat().st_size


@contextmanager
def volume_helper(engine: Engine, layout: Layout, volume: str) -> Iterator[str]:
    """Give the id of a container that is never started and has a volume at `INSIDE`."""
    image = ensure_image(engine, layout)
    spec = ContainerSpec(
        name=f"convox.{layout.rack}._backup.{os.getpid()}",
        image=image,
        labels=layout.labels("backup"),
        mounts=(Mount(volume, INSIDE),),
    )
    id = engine.create(spec)
    try:
        yield id
    finally:
        engine.remove(id)


def _labels(layout: Layout) -> dict[str, str]:
    return {LABEL_RACK: layout.rack}


def _facts(layout: Layout, clock: Clock, volumes: dict[str, dict[str, str]]) -> dict[str, object]:
    with closing(open_store(layout.database, clock)) as store:
        wanted = options.load(store.settings)
    return {
        "rack": layout.rack,
        "program": __version__,
        "created": clock.now().isoformat(timespec="seconds"),
        "host": wanted.rack_domain,
        "parameters": wanted.parameters(),
        "volumes": volumes,
    }


def _database(layout: Layout) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(dir=layout.root) as folder:
        copy = Path(folder) / STATE
        with (
            closing(sqlite3.connect(layout.database)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        with copy.open("rb") as file:
            yield from iter(lambda: file.read(_PIECE), b"")


def _folder(folder: Path) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as spool:
        with tarfile.open(fileobj=spool, mode="w") as archive:
            if folder.is_dir():
                archive.add(folder, arcname=".")
        spool.seek(0)
        yield from iter(lambda: spool.read(_PIECE), b"")


def _volume(engine: Engine, layout: Layout, volume: str) -> Iterator[bytes]:
    with volume_helper(engine, layout, volume) as helper, Upkeep(engine).frozen(volume):
        body = engine.archive_get(helper, f"{INSIDE}/.")
        try:
            yield from iter(lambda: body.read(_PIECE), b"")
        finally:
            body.close()


def _images(engine: Engine, layout: Layout) -> list[str]:
    prefix = f"convox/{layout.rack}/"
    router = f"{prefix}router:"
    return sorted(
        tag
        for image in engine.images({})
        for tag in image.tags
        if tag.startswith(prefix) and not tag.startswith(router)
    )


def _saved(engine: Engine, names: list[str]) -> Iterator[bytes]:
    body = engine.image_save(names)
    try:
        yield from iter(lambda: body.read(_PIECE), b"")
    finally:
        body.close()
