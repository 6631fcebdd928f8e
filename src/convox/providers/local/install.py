"""Install a rack on this machine, start it, take it away.

`install` checks everything it can before it makes anything, and removes what it made when a later
step fails. `uninstall` goes by labels and the folder, so it also removes half a rack. The rack
itself runs in another process: daemon.py starts it, server/local.py is it.
"""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from convox.core.clock import Clock, SystemClock
from convox.core.errors import (
    ConflictError,
    ConvoxError,
    FailedError,
    NotFoundError,
    UnavailableError,
)
from convox.core.passwords import generate
from convox.providers.local import certificates, daemon, listeners, options, ranges, service_unit
from convox.providers.local.certificates import Files
from convox.providers.local.credentials import Credentials, check_password
from convox.providers.local.engine import Engine
from convox.providers.local.layout import LABEL_RACK, Layout, layout_of
from convox.providers.local.options import RackOptions
from convox.providers.local.router import Router
from convox.providers.local.store import open_store

Report = Callable[[str], None]
"""Takes one line of progress."""

_ANSWER_LIMIT_S = 60.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Installed:
    """A rack that answers, and what opens it."""

    name: str
    host: str
    """`localhost:PORT` of the API."""
    password: str
    certificate_pem: str
    """The API's own certificate, to be pinned."""
    url: str


def install(name: str, parameters: Mapping[str, str], report: Report) -> Installed:
    """Make a rack and wait until its API answers through its router.

    Raises:
        InvalidError: the name or an option is not allowed.
        ConflictError: the rack is there already, or a port or range is taken.
        UnavailableError: the engine does not answer, or the rack does not in time.
    """
    layout = layout_of(options.check_name(name))
    asked = {key: value for key, value in parameters.items() if key != "Password"}
    wanted = options.parse(asked)
    password = check_password(parameters.get("Password") or generate())
    refuse_installed(layout)
    engine, clock = Engine(), SystemClock()
    engine.ping()
    refuse_present(engine, layout)
    listeners.check_free(wanted)
    with undone_on_failure(engine, layout, clock):
        report("preparing the router")
        wanted = prepare(layout, wanted, password, engine, clock)
        report("starting the rack")
        launch(layout, wanted, clock)
    pem = Files(layout.router / "pki").api.read_text()
    host = wanted.rack_domain
    return Installed(name, host, password, pem, f"https://{host}")


def start(name: str, report: Report) -> None:
    """Start the process of an installed rack and wait until its API answers; fine if it runs.

    Raises:
        NotFoundError: no such rack is installed.
        UnavailableError: it does not answer in time.
    """
    layout, clock = layout_of(options.check_name(name)), SystemClock()
    if not layout.database.exists():
        raise _unknown(layout)
    if not daemon.running(layout):
        report("starting the rack")
    launch(layout, _stored_options(layout, clock), clock)


def uninstall(name: str, report: Report) -> None:
    """Remove a rack, its apps and everything it owns, however broken it is.

    Raises:
        NotFoundError: there is no trace of such a rack.
        UnavailableError: the engine does not answer; nothing was removed.
    """
    layout, engine = layout_of(options.check_name(name)), Engine()
    engine.ping()
    if not layout.root.exists() and not _traces(engine, layout):
        raise _unknown(layout)
    report("stopping the rack")
    daemon.stop(layout, SystemClock())
    report("removing containers, networks, images and data")
    remove(engine, layout)


# Installing


def refuse_installed(layout: Layout) -> None:
    """Refuse when the rack's folder is there, saying what can be done about it."""
    if not layout.root.exists():
        return
    rack, remove = layout.rack, f"convox rack uninstall local {layout.rack}"
    if not layout.database.exists():
        raise ConflictError(f"half of a rack {rack} is installed", fix=f"remove it: {remove}")
    pid = daemon.running(layout)
    status = f"it runs as process {pid}" if pid else "it is stopped"
    start_it = "" if pid else f"start it: convox rack start local {rack}; or "
    raise ConflictError(
        f"the rack {rack} is already installed",
        why=status,
        fix=f"{start_it}install another: convox rack install local --name NAME;"
        f" or remove it: {remove}",
    )


def refuse_present(engine: Engine, layout: Layout) -> None:
    """Refuse when the rack is here, or the engine has things of one whose folder is elsewhere."""
    refuse_installed(layout)
    if _traces(engine, layout):
        raise ConflictError(
            f"the Docker engine already has containers or networks of a rack {layout.rack}",
            why=f"but nothing is in {layout.root}",
            fix=f"remove them: convox rack uninstall local {layout.rack}; or choose another name",
        )


def prepare(
    layout: Layout, wanted: RackOptions, password: str, engine: Engine, clock: Clock
) -> RackOptions:
    """Make the files and the router of a rack, in a range of addresses that nobody else has.

    Raises:
        ConflictError: the range that was asked for is taken, or every one.
    """

    def take(cidr: str) -> None:
        chosen = replace(wanted, cidr=cidr)
        _make(layout, chosen, password, clock)
        try:
            Router(engine, layout, chosen, clock).ensure()
        except FailedError:
            remove(engine, layout)
            raise

    routes = ranges.routes_of(ranges.ROUTES.read_text())
    return replace(wanted, cidr=ranges.claim(wanted.cidr, routes, take))


def _make(layout: Layout, wanted: RackOptions, password: str, clock: Clock) -> None:
    for folder in (layout.root, layout.router, layout.logs, layout.objects, layout.work):
        folder.mkdir(mode=0o700, parents=True, exist_ok=folder != layout.root)
    names = dict.fromkeys(("localhost", "127.0.0.1", "::1", *_reachable(wanted)))
    certificates.make(Files(layout.router / "pki"), layout.rack, tuple(names), clock.now())
    store = open_store(layout.database, clock)
    try:
        options.save(store.settings, wanted)
        Credentials(store.settings).set_password(password)
    finally:
        store.close()


def _reachable(wanted: RackOptions) -> Iterator[str]:
    if wanted.listen in ("0.0.0.0", "::"):  # noqa: S104  compared with, not bound
        yield socket.gethostname()
    elif wanted.listen:
        yield wanted.listen


def launch(layout: Layout, wanted: RackOptions, clock: Clock) -> None:
    """Start the process of a rack, or its service, and wait until its API answers.

    Raises:
        FailedError: the process ended.
        UnavailableError: it does not answer in time.
    """
    pid = 0
    if service_unit.is_usable() and not service_unit.exists(layout):
        service_unit.install(layout, _state(layout))
    elif not daemon.running(layout):
        pid = daemon.start(layout, _state(layout))
    deadline = clock.monotonic() + _ANSWER_LIMIT_S
    while not answers(layout, wanted):
        daemon.check_alive(layout, pid)
        if clock.monotonic() > deadline:
            raise UnavailableError(
                f"the rack {layout.rack} does not answer at {wanted.rack_domain}",
                why=daemon.last_reason(layout),
            )
        clock.wait(Event(), _POLL_S)


def answers(layout: Layout, wanted: RackOptions) -> bool:
    """Tell whether the API answers, through the router and with the certificate we made."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(Files(layout.router / "pki").api)
    connection = http.client.HTTPSConnection(
        "127.0.0.1", wanted.api_port, timeout=5, context=context
    )
    try:
        connection.request("GET", "/check")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stored_options(layout: Layout, clock: Clock) -> RackOptions:
    store = open_store(layout.database, clock)
    try:
        return options.load(store.settings)
    finally:
        store.close()


def _state(layout: Layout) -> Path:
    return layout.root.parent.parent


@contextmanager
def undone_on_failure(engine: Engine, layout: Layout, clock: Clock) -> Iterator[None]:
    """Remove everything of a rack again when the block that makes it fails."""
    try:
        yield
    except BaseException:
        # The failure is what the user must hear of, not what removing came to.
        with suppress(ConvoxError, OSError):
            daemon.stop(layout, clock)
        with suppress(ConvoxError, OSError):
            remove(engine, layout)
        raise


# Removing


def _traces(engine: Engine, layout: Layout) -> bool:
    labels = {LABEL_RACK: layout.rack}
    return bool(engine.containers(labels) or engine.networks(labels) or engine.volumes(labels))


def remove(engine: Engine, layout: Layout) -> None:
    """Remove everything of a rack from the engine and the disk; its process must have ended."""
    labels = {LABEL_RACK: layout.rack}
    for container in engine.containers(labels):
        engine.remove(container.id)
    for network in engine.networks(labels):
        engine.network_remove(network.name)
    for volume in engine.volumes(labels):
        engine.volume_remove(volume.name)
    for reference in _images(engine, layout):
        engine.image_remove(reference, force=True)
    if layout.root.exists():
        shutil.rmtree(layout.root)
    for folder in (layout.root.parent, _state(layout)):
        with suppress(OSError):
            folder.rmdir()


def _images(engine: Engine, layout: Layout) -> Iterator[str]:
    """Yield what names or labels say is the rack's; a shared image loses our names only."""
    prefix = f"convox/{layout.rack}/"
    for image in engine.images({}):
        ours = [tag for tag in image.tags if tag.startswith(prefix)]
        yield from ours
        if len(ours) == len(image.tags) and image.labels.get(LABEL_RACK) == layout.rack:
            yield image.id


def _unknown(layout: Layout) -> NotFoundError:
    folder = layout.root.parent
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    why = f"the racks here are {', '.join(names)}" if names else "no rack is installed here"
    return NotFoundError(f"no rack {layout.rack} on this machine", why=why)
