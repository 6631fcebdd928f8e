"""Try, from inside the network of each app, to reach what no app may reach.

Nothing is concluded from configuration: a container is put where an app's processes are, and each
connection is opened or it is not. A service of the audit's own on this machine's loopback makes
sure that there is one to be refused. audit_targets.py says what is tried, audit_probe.py tries.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from convox.core.clock import Clock, SystemClock
from convox.core.errors import ConflictError, ConvoxError, FailedError, NotFoundError
from convox.providers.local import options as rack_options
from convox.providers.local.audit_probe import Probe, probe
from convox.providers.local.audit_targets import Means, Town, Try, tries
from convox.providers.local.engine import Engine
from convox.providers.local.layout import LABEL_APP, LABEL_KIND, LABEL_RACK, Layout, layout_of
from convox.providers.local.listeners import holder, listeners
from convox.providers.local.options import RackOptions
from convox.providers.local.resource_types import TYPES
from convox.providers.local.store import Store, open_store
from convox.providers.local.wishes import Wishes

_AT_ONCE = 16
_OUTSIDE = ((socket.AF_INET, "192.0.2.200"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documents: nothing is sent, the kernel only says from where it would be."""
_KINDS = ("service", "resource", "router")


@dataclass(frozen=True)
class Tried:
    """A try and what came of it."""

    app: str
    what: str
    target: str
    open: bool
    means: Means
    said: str

    @property
    def is_hole(self) -> bool:
        """Whether a promise is broken."""
        return self.open and self.means is Means.HOLE


def audit(name: str, report: Callable[[str], None]) -> list[Tried]:
    """Return every try on the rack of this machine with that name, by app.

    Raises:
        NotFoundError: there is no such rack.
        ConflictError: no app runs, so that there is nowhere to try from.
        FailedError: a probe cannot reach what it must, so that nothing would be proved.
    """
    layout, clock, engine = layout_of(rack_options.check_name(name)), SystemClock(), Engine()
    if not layout.database.exists():
        raise NotFoundError(f"no rack {name} on this machine")
    store = open_store(layout.database, clock)
    try:
        options = rack_options.load(store.settings)
        ports = _ports(store, Wishes(store, layout))
    finally:
        store.close()
    return audit_rack(engine, layout, options, ports, clock, report)


def audit_rack(
    engine: Engine,
    layout: Layout,
    options: RackOptions,
    ports: Mapping[tuple[str, str], int],
    clock: Clock,
    report: Callable[[str], None] = lambda line: None,
) -> list[Tried]:
    """Return every try on a rack; see `audit`."""
    with _loopback_service():
        town = _town(engine, layout, options, ports)
        if not town.networks:
            raise ConflictError(
                "no app of this rack runs, so that there is nowhere to try from",
                fix="convox deploy",
            )
        router = next((c for c in town.containers if c.labels[LABEL_KIND] == "router"), None)
        if router is None:
            raise ConflictError("the router does not run", fix="convox rack start local NAME")
        found: list[Tried] = []
        for app in town.networks:
            report(f"trying from inside app {app}")
            with probe(engine, layout, app, router.image, clock) as made:
                found += _tried(made, tries(town, app))
        return found


def _tried(made: Probe, wanted: list[Try]) -> list[Tried]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda each: _one(made, each), wanted))
    for each in found:
        if each.means is Means.CONTROL and not each.open:
            raise FailedError(
                f"the probe in app {each.app} does not reach {each.what}",
                why=f"{each.said}; nothing would be proved",
            )
    return found


def _one(made: Probe, each: Try) -> Tried:
    try:
        is_open, said = made.reach(each.target, each.name)
    except OSError as error:
        raise FailedError(f"the probe in app {each.app} was lost", why=str(error)) from error
    return Tried(each.app, each.what, each.target, is_open, each.means, said)


def _town(
    engine: Engine, layout: Layout, options: RackOptions, ports: Mapping[tuple[str, str], int]
) -> Town:
    running = engine.containers({LABEL_RACK: layout.rack}, all=False)
    containers = tuple(c for c in running if c.labels.get(LABEL_KIND) in _KINDS)
    networks = {
        network.labels[LABEL_APP]: network.cidr
        for network in engine.networks(layout.labels("network"))
        if network.labels.get(LABEL_APP)
        and network.name == layout.network(network.labels[LABEL_APP])
    }
    found = tuple(dict.fromkeys(listeners()))
    return Town(
        layout=layout,
        options=options,
        networks=dict(sorted(networks.items())),
        containers=containers,
        ports=ports,
        addresses=tuple(_addresses()),
        listeners=found,
        holders={each: holder(each) for each in found},
    )


def _ports(store: Store, wishes: Wishes) -> dict[tuple[str, str], int]:
    """Return the port of each service of each active release, and of each resource."""
    found = {}
    for row in store.apps.all():
        for resource in store.resources.of(row.name).values():
            found[(row.name, resource.name)] = TYPES[resource.type].port
        with suppress(ConvoxError):
            if row.release:
                services = wishes.target(row.name, row.release).services
                found.update({(row.name, s.name): s.port for s in services if s.port})
    return found


def _addresses() -> Iterator[str]:
    """Yield the addresses of this machine towards outside, of both families."""
    for family, outside in _OUTSIDE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((outside, 9))
            yield asking.getsockname()[0]


@contextmanager
def _loopback_service() -> Iterator[None]:
    """Listen on this machine's loopback, of both families, for as long as the tries take."""
    with ExitStack() as stack:
        four = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        with suppress(OSError):
            six = stack.enter_context(socket.socket(socket.AF_INET6))
            six.bind(("::1", four.getsockname()[1]))
            six.listen()
        yield
