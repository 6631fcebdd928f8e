"""Look at a machine and a rack on it, and say what is wrong with the command that mends it.

Changes nothing but what `prune` is asked to remove. Each check answers findings and never raises:
what cannot be looked at is itself a finding. The rack's state is opened for reading only, for the
rack may run, or be of another version. cli/nouns/doctor.py adds what the settings and apps say.
"""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from convox.core.clock import Clock
from convox.core.errors import ConvoxError
from convox.providers.local import daemon, install, listeners, options
from convox.providers.local.builder import Builder, ClassicBuilder
from convox.providers.local.certificates import Files
from convox.providers.local.disk import FULL_PERCENT, WARN_PERCENT, fullest
from convox.providers.local.engine import Engine
from convox.providers.local.engine_upkeep import Upkeep
from convox.providers.local.layout import Layout
from convox.providers.local.options import RackOptions

OK, WARNING, PROBLEM = "ok", "warning", "problem"
_OLDEST_ENGINE = (20, 10)
_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    status: str
    """ok, warning or problem."""
    text: str
    fix: str = ""
    """The command or the change that mends it."""


class Doctor:
    """Looks at one machine, and at one rack if one is named."""

    def __init__(
        self, engine: Engine, upkeep: Upkeep, clock: Clock, builder: Callable[[], Builder]
    ) -> None:
        self._engine = engine
        self._upkeep = upkeep
        self._clock = clock
        self._builder = builder

    def machine(self) -> Iterator[Finding]:
        """Look at the engine, what builds, the disk and the names under localhost."""
        try:
            version = self._engine.info().version
        except ConvoxError as error:
            yield Finding("engine", PROBLEM, error.wire, "start it: sudo systemctl start docker")
            return
        yield _engine_finding(version)
        yield self._build_finding()
        yield from self.disk()

    def disk(self, *more: Layout) -> Iterator[Finding]:
        """Look at the disks of the engine and of racks."""
        try:
            folders = [self._upkeep.folder(), *(layout.root for layout in more)]
        except ConvoxError:
            folders = [layout.root for layout in more]
        if (disk := fullest(folders)) is None:
            return
        text = f"{disk.percent} percent of the disk of {disk.path} is used"
        if disk.percent < WARN_PERCENT:
            yield Finding("disk", OK, text)
        else:
            status = PROBLEM if disk.percent >= FULL_PERCENT else WARNING
            yield Finding("disk", status, text, "convox doctor --prune")

    def rack(self, layout: Layout) -> Iterator[Finding]:
        """Look at a rack: its state, process, router, ports, certificates and names."""
        try:
            wanted = _stored_options(layout)
        except (sqlite3.Error, ConvoxError) as error:
            yield Finding("state", PROBLEM, f"{layout.database}: {error}", _RESTORE)
            return
        yield Finding("state", OK, f"{layout.database} can be read")
        yield _process_finding(layout)
        yield self._router_finding(layout)
        yield from self._port_findings(layout, wanted)
        yield from self._certificate_findings(layout)
        yield _name_finding(layout)

    def prune(self) -> int:
        """Remove all build cache that is not in use; return the bytes freed."""
        return self._upkeep.prune_build_cache(0, 0)

    def _build_finding(self) -> Finding:
        builder = self._builder()
        if isinstance(builder, ClassicBuilder):
            return Finding(
                "builds",
                WARNING,
                "no docker command with BuildKit is here: builds go without its cache",
                "sudo apt-get install docker-buildx",
            )
        return Finding("builds", OK, "BuildKit makes them")

    def _router_finding(self, layout: Layout) -> Finding:
        fix = f"convox rack start local {layout.rack}"
        try:
            found = self._engine.containers(layout.labels("router"))
        except ConvoxError as error:
            return Finding("router", PROBLEM, error.wire, "sudo systemctl start docker")
        if not any(container.status == "running" for container in found):
            return Finding("router", PROBLEM, "the router does not run", fix)
        return Finding("router", OK, "the router runs")

    def _port_findings(self, layout: Layout, wanted: RackOptions) -> Iterator[Finding]:
        taken = {found.port for found in listeners.listeners(listeners.PROC)}
        for option, port in (
            ("Port", wanted.port),
            ("HttpPort", wanted.http_port),
            ("ApiPort", wanted.api_port),
        ):
            if port not in taken:
                fix = f"convox rack start local {layout.rack}"
                yield Finding("ports", PROBLEM, f"nothing listens on {option}={port}", fix)
        if wanted.api_port in taken:
            if install.answers(layout, wanted):
                yield Finding("api", OK, f"the rack answers at {wanted.rack_domain}")
            else:
                text = f"no rack answers at {wanted.rack_domain}"
                fix = f"convox rack start local {layout.rack}"
                yield Finding("api", PROBLEM, text, fix)

    def _certificate_findings(self, layout: Layout) -> Iterator[Finding]:
        files, now = Files(layout.router / "pki"), self._clock.now()
        for path in (files.api, files.root):
            try:
                certificate = x509.load_pem_x509_certificate(path.read_bytes())
            except (OSError, ValueError) as error:
                yield Finding("certificates", PROBLEM, f"{path}: {error}", _RESTORE)
                continue
            yield _validity(path.name, certificate, now)


_RESTORE = "convox rack restore FILE"


def _engine_finding(version: str) -> Finding:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST_ENGINE:
        fix = "install a newer Docker: https://docs.docker.com/engine/install"
        return Finding("engine", PROBLEM, f"Docker {version} is older than 20.10", fix)
    return Finding("engine", OK, f"Docker {version} answers")


def _stored_options(layout: Layout) -> RackOptions:
    with closing(sqlite3.connect(f"file:{layout.database}?mode=ro", uri=True)) as state:
        rows = state.execute("SELECT name, value FROM settings").fetchall()
    prefix = options.PREFIX
    known = options.RackOptions().parameters()
    named = {name.removeprefix(prefix): value for name, value in rows if name.startswith(prefix)}
    return options.parse({name: value for name, value in named.items() if name in known})


def _process_finding(layout: Layout) -> Finding:
    pid = daemon.running(layout)
    if pid:
        return Finding("process", OK, f"the rack {layout.rack} runs")
    reason = daemon.last_reason(layout)
    text = f"the rack {layout.rack} does not run" + (
        f": {reason}" if reason and reason[0] != "{" else ""
    )
    return Finding("process", PROBLEM, text, f"convox rack start local {layout.rack}")


def _validity(name: str, certificate: x509.Certificate, now: datetime) -> Finding:
    end = certificate.not_valid_after_utc
    if now < certificate.not_valid_before_utc:
        text = f"it is {now:%Y-%m-%d} here, before {name} was made"
        return Finding("clock", PROBLEM, text, "sudo timedatectl set-ntp true")
    if now > end - _SOON:
        status = PROBLEM if now > end else WARNING
        fix = "install the rack again: convox rack backup FILE, then convox rack uninstall"
        return Finding("certificates", status, f"{name} is valid until {end:%Y-%m-%d}", fix)
    return Finding("certificates", OK, f"{name} is valid until {end:%Y-%m-%d}")


def _name_finding(layout: Layout) -> Finding:
    name = f"app-web.{layout.rack}.localhost"
    try:
        found = {str(row[4][0]) for row in socket.getaddrinfo(name, None)}
    except OSError:
        found = set()
    if found & {"127.0.0.1", "::1"}:
        return Finding("names", OK, f"{name} is this machine")
    return Finding(
        "names",
        WARNING,
        f"{name} is not known to programs here; browsers and curl know it by themselves",
        f"echo '127.0.0.1 APP-SERVICE.{layout.rack}.localhost' | sudo tee -a /etc/hosts",
    )
