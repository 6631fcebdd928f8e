"""Which routes Caddy can serve without a new configuration, and in which of its entries. Pure.

A `Placement` is what is known of the configuration that Caddy runs: the shapes it holds, and the
spares given out since. `place` fits new routes into it or says that a reload is needed. A spare
that was given back is not given out again before a reload, so that no request can see one half of
its old and one of its new content. A router that starts on its own may have loaded more than is
known here, never less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from convox.providers.local import slots
from convox.providers.local.caddy import Frontage, Route, domains, server_of

_BASES = [slots.spare(server, n) for server in ("https", "links") for n in range(slots.SPARES)]
Addresses = Mapping[str, str]
"""App to the router's address in its network."""


@dataclass(frozen=True)
class Spare:
    """A spare entry that was given out."""

    host: str
    route: Route
    local: str
    """The router's address that it answers at, for links; empty for the rest."""

    def fits(self, host: str, route: Route, local: str) -> bool:
        """Tell whether it serves this host of this route."""
        return (self.host, self.route.shape, self.local) == (host, route.shape, local)


@dataclass(frozen=True)
class Placement:
    """What Caddy serves: from its configuration, and from spares."""

    shapes: frozenset[str] = frozenset()
    """Shapes that the configuration holds."""
    spares: Mapping[str, Spare | None] = field(default_factory=dict)
    """Bases of the spares given out since; None for those given back."""

    @staticmethod
    def of(routes: Iterable[Route]) -> Placement:
        """Return the placement after a load of these routes."""
        return Placement(frozenset(route.shape for route in routes))

    def files(self) -> dict[str, str]:
        """Return the files of all spares, by name, in the order in which to write them.

        What was taken comes to life before what was given back ends.
        """
        contents: dict[str, str] = {}
        live: dict[str, str] = {}
        rest: dict[str, str] = {}
        for base in _BASES:
            taken = self.spares.get(base)
            if taken is None:
                rest[f"{base}.host"] = slots.GONE
                continue
            route = taken.route
            contents |= slots.contents(base, route.owner, route.upstreams, sticky=route.sticky)
            contents[f"{base}.local"] = taken.local or slots.GONE
            live[f"{base}.host"] = taken.host
        return {**contents, **live, **rest}


def place(
    before: Placement,
    frontage: Frontage,
    routes: Mapping[str, tuple[Route, ...]],
    addresses: Addresses,
) -> Placement | None:
    """Fit routes, by app, into what Caddy has loaded; None when it must load anew."""
    spares = dict(before.spares)
    kept: set[str] = set()
    for app, group in routes.items():
        for route in group:
            if route.shape in before.shapes:
                continue
            bases = _take(spares, frontage, route, addresses.get(app, ""))
            if bases is None:
                return None
            kept |= bases
    return Placement(before.shapes, {b: s if b in kept else None for b, s in spares.items()})


def _take(
    spares: dict[str, Spare | None], frontage: Frontage, route: Route, address: str
) -> set[str] | None:
    """Give a spare to each host of a route; None when one cannot have one."""
    if not _is_plain(frontage, route):
        return None
    taken = set()
    for host in route.hosts:
        is_link = server_of(host) == "links"
        local = address if is_link else ""
        base = _spare_for(spares, host, route, local)
        if base is None or (is_link and not local):
            return None
        spares[base] = Spare(host, route, local)
        taken.add(base)
    return taken


def _is_plain(frontage: Frontage, route: Route) -> bool:
    narrow = slots.width(route.upstreams) == slots.width(())
    return route.scheme == "http" and narrow and not domains(frontage, [route])


def _spare_for(
    spares: Mapping[str, Spare | None], host: str, route: Route, local: str
) -> str | None:
    for base, taken in spares.items():
        if taken and taken.fits(host, route, local):
            return base
    bases = (slots.spare(server_of(host), number) for number in range(slots.SPARES))
    return next((base for base in bases if base not in spares), None)
