"""Make a rack again from the file that backup.py wrote, here or on another machine.

The file is read from end to end, and all that can be checked is checked, before anything is made;
what fails later is taken away again. The rack keeps its name, its password and its certificates;
ports and range may be others.
"""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from convox.core.clock import Clock, SystemClock
from convox.core.errors import ConvoxError, FailedError
from convox.core.passwords import verify_password
from convox.providers.local import backup_file, install, listeners, options, ranges
from convox.providers.local.backup import FOLDERS, IMAGES, STATE, Report, volume_helper
from convox.providers.local.backup_file import Contents, Pieces
from convox.providers.local.certificates import Files
from convox.providers.local.credentials import Credentials
from convox.providers.local.engine import Engine
from convox.providers.local.engine_upkeep import Upkeep
from convox.providers.local.layout import Layout, layout_of
from convox.providers.local.options import RackOptions
from convox.providers.local.router import Router
from convox.providers.local.store import Store, open_store

_SPARE = 64 << 20
"""Bytes that shall stay free beside what is restored."""


@dataclass(frozen=True)
class Restored:
    """A rack that answers again."""

    name: str
    host: str
    """`localhost:PORT` of the API."""
    former_host: str
    """Where it answered when it was backed up."""
    certificate_pem: str
    has_images: bool
    opens: Callable[[str], bool]
    """Tells whether a password opens it."""


def restore(path: Path, parameters: Mapping[str, str], report: Report) -> Restored:
    """Make a rack from a backup and wait until its API answers.

    Raises:
        InvalidError: the file is no usable backup, or an option is not allowed.
        ConflictError: a rack of that name is there, or a port or range is taken.
        FailedError: there is not enough space, or what the file holds cannot be used.
    """
    report("checking the backup")
    contents = backup_file.check(path)
    layout, wanted = _plan(path, contents, parameters)
    engine, clock = Engine(), SystemClock()
    engine.ping()
    install.refuse_present(engine, layout)
    listeners.check_free(wanted)
    wanted = replace(
        wanted, cidr=ranges.choose(wanted.cidr, ranges.routes_of(ranges.ROUTES.read_text()))
    )
    _check_space(engine, layout, contents)
    with install.undone_on_failure(engine, layout, clock):
        _make(path, contents, layout, wanted, clock)
        _fill(path, contents, layout, engine, report)
        Router(engine, layout, wanted, clock).ensure()
        report("starting the rack")
        install.launch(layout, wanted, clock)
    return _restored(layout, wanted, contents, clock)


def _plan(
    path: Path, contents: Contents, parameters: Mapping[str, str]
) -> tuple[Layout, RackOptions]:
    facts = contents.facts
    try:
        layout = layout_of(options.check_name(str(facts["rack"])))
        known = options.parse(dict(facts["parameters"]))
        complete = {STATE, "pki", "objects"} <= contents.sizes.keys()
        volumes = {f"volumes/{name}" for name in dict(facts["volumes"])} <= contents.sizes.keys()
    except (KeyError, TypeError, ValueError, ConvoxError) as error:
        raise backup_file.damaged(path, "it does not say which rack it is of") from error
    if not (complete and volumes):
        raise backup_file.damaged(path, "a part of the rack is missing")
    return layout, options.parse(parameters, known)


def _check_space(engine: Engine, layout: Layout, contents: Contents) -> None:
    """Refuse what would not fit: files beside the rack, images and volumes with the engine."""
    inside = (IMAGES, "volumes/")
    with_engine = sum(size for name, size in contents.sizes.items() if name.startswith(inside))
    beside = sum(contents.sizes.values()) - with_engine
    root = next(each for each in layout.root.parents if each.exists())
    places = [(root, beside), (Upkeep(engine).folder(), with_engine)]
    for folder, needed in places:
        if folder.exists() and shutil.disk_usage(folder).free < needed + _SPARE:
            raise FailedError(
                f"not enough space in {folder}",
                why=f"the backup needs {(needed + _SPARE) >> 20} MiB there",
                fix="free some, or set CONVOX_STATE to a larger disk",
            )


def _make(
    path: Path, contents: Contents, layout: Layout, wanted: RackOptions, clock: Clock
) -> None:
    try:
        for folder in (layout.root, layout.router, layout.logs, layout.objects, layout.work):
            folder.mkdir(mode=0o700, parents=True, exist_ok=folder != layout.root)
        with (
            backup_file.member(path, STATE) as pieces,
            _private(layout.database).open("wb") as file,
        ):
            for piece in pieces:
                file.write(piece)
        for member in FOLDERS.keys() & contents.sizes.keys():
            _extract(path, member, layout.root / FOLDERS[member])
        with closing(_open(layout, clock)) as store:
            options.save(store.settings, wanted)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise FailedError(f"cannot restore to {layout.root}", why=str(error)) from error


def _private(path: Path) -> Path:
    path.touch(mode=0o600)
    return path


def _open(layout: Layout, clock: Clock) -> Store:
    with closing(sqlite3.connect(layout.database)) as state:
        verdict = state.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise FailedError("the state in the backup is damaged", why=str(verdict))
    return open_store(layout.database, clock)


def _extract(path: Path, member: str, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as spool:
        with backup_file.member(path, member) as pieces:
            for piece in pieces:
                spool.write(piece)
        spool.seek(0)
        with tarfile.open(fileobj=spool) as archive:
            archive.extractall(folder, filter="data")


def _fill(path: Path, contents: Contents, layout: Layout, engine: Engine, report: Report) -> None:
    """Give the engine what it held: images first, so that volumes are the last to be made."""
    if IMAGES in contents.sizes:
        report("images")
        with backup_file.member(path, IMAGES) as pieces:
            engine.image_load(Pieces(pieces))
    for volume, labels in contents.facts["volumes"].items():
        report(f"volume {volume}")
        engine.volume_create(volume, labels)
        with (
            volume_helper(engine, layout, volume) as helper,
            backup_file.member(path, f"volumes/{volume}") as pieces,
        ):
            engine.archive_put(helper, "/volume", Pieces(pieces))


def _restored(layout: Layout, wanted: RackOptions, contents: Contents, clock: Clock) -> Restored:
    with closing(open_store(layout.database, clock)) as store:
        hashes = Credentials(store.settings).hashes()
    return Restored(
        name=layout.rack,
        host=wanted.rack_domain,
        former_host=str(contents.facts.get("host", "")),
        certificate_pem=Files(layout.router / "pki").api.read_text(),
        has_images=IMAGES in contents.sizes,
        opens=lambda password: any(verify_password(password, each) for each in hashes),
    )
