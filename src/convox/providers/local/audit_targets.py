"""What a process of an app is tried to reach, and what each answer means. Pure.

A *promise* is something that no app may reach: another app, a resource, the router's other ports,
the rack's API, Docker, this machine's loopback. What else listens on this machine's addresses is
reached by apps as by anybody on its network; that is shown as *exposed*, and is no hole of the
rack's. Read audit.py next: it tries.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from convox.providers.local.caddy import API, HTTP, HTTPS, LINKS
from convox.providers.local.containers import Container
from convox.providers.local.layout import (
    LABEL_APP,
    LABEL_KIND,
    LABEL_RESOURCE,
    LABEL_SERVICE,
    Layout,
)
from convox.providers.local.listeners import Listener
from convox.providers.local.options import RackOptions

_ADMIN = 2019
"""Where Caddy's admin API would listen if it were not on a socket."""
_DOCKER = (2375, 2376, 2377)
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, not bound


class Means(StrEnum):
    """What an open connection means."""

    HOLE = "hole"
    EXPOSED = "exposed"
    CONTROL = "control"
    """It must be open, or nothing was proved."""


@dataclass(frozen=True)
class Try:
    """One connection to try from the network of an app."""

    app: str
    what: str
    host: str
    """An address of either family, or nothing but a name to ask the router for."""
    port: int
    means: Means = Means.HOLE
    name: str = ""
    """With one, a request for it: 404 is closed, whatever else is answered is open."""

    @property
    def target(self) -> str:
        """The address and port, as one text."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Town:
    """Everything there is that an app might reach."""

    layout: Layout
    options: RackOptions
    networks: Mapping[str, str]
    """Network of an app to its range."""
    containers: tuple[Container, ...]
    """Of services and resources, and the router."""
    ports: Mapping[tuple[str, str], int]
    """Port by app and service."""
    addresses: tuple[str, ...]
    """Of this machine, towards outside."""
    listeners: tuple[Listener, ...] = ()
    """What listens on this machine."""
    holders: Mapping[Listener, str] = field(default_factory=dict)


def tries(town: Town, app: str) -> list[Try]:
    """Return what to try from the network of an app."""
    router = _router(town)
    own = town.layout.network(app)
    inside = router.addresses.get(own, "")
    return [
        Try(app, "links at the router", inside, LINKS, Means.CONTROL),
        *_containers(town, app),
        *_router_ports(town, app, inside),
        *_names(town, app, inside),
        *_machine(town, app),
    ]


def _containers(town: Town, app: str) -> Iterable[Try]:
    for container in town.containers:
        labels = container.labels
        kind, other = labels.get(LABEL_KIND, ""), labels.get(LABEL_APP, "")
        resource = labels.get(LABEL_RESOURCE)
        if kind == "router" or (other == app and not resource):
            continue
        service = labels.get(LABEL_SERVICE, "")
        what = f"resource {resource}" if resource else f"service {service}"
        port = town.ports.get((other, resource or service), 80)
        for address in filter(None, container.addresses.values()):
            yield Try(app, f"{what} of app {other}", address, port)


def _router_ports(town: Town, app: str, inside: str) -> Iterable[Try]:
    own = str(ipaddress.IPv4Network(town.options.router_subnet)[2])
    for port, what in (
        (_ADMIN, "the router's admin"),
        (API, "the rack's API"),
        (HTTPS, "hosts of all apps"),
        (HTTP, "the router's redirects"),
    ):
        for address in (inside, own):
            yield Try(app, f"{what} at the router", address, port)


def _names(town: Town, app: str, inside: str) -> Iterable[Try]:
    for other, service in town.ports:
        if other == app:
            continue
        for name in (town.layout.link_host(other, service), town.layout.host(other, service)):
            yield Try(app, f"the name {name}", inside, LINKS, name=name)


def _machine(town: Town, app: str) -> Iterable[Try]:
    gateway = str(ipaddress.IPv4Network(town.networks[app])[1])
    ours = (gateway, *town.addresses)
    options = town.options
    published = {options.port, options.http_port, options.api_port}
    if not options.listen:
        for port in sorted(published):
            yield from (Try(app, "the rack's ports on this machine", each, port) for each in ours)
    for port in _DOCKER:
        yield from (Try(app, "Docker's API", each, port) for each in ours)
    for listener in town.listeners:
        if listener.port not in {*_DOCKER, *published}:
            yield from _listener(town, app, listener, ours)


def _listener(town: Town, app: str, listener: Listener, ours: tuple[str, ...]) -> Iterable[Try]:
    who = town.holders.get(listener, "a process")
    if ipaddress.ip_address(listener.address).is_loopback:
        what = f"{who} on this machine's loopback"
        yield from (Try(app, what, each, listener.port) for each in ours)
        return
    where = ours if listener.address in _ANY else (listener.address,)
    for each in where:
        yield Try(app, f"{who} on this machine", each, listener.port, Means.EXPOSED)


def _router(town: Town) -> Container:
    return next(c for c in town.containers if c.labels.get(LABEL_KIND) == "router")
