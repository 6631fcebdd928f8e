"""What the worker of one app remembers between two passes, all of which it may lose.

A rack that was killed starts with an empty one: processes that were ending are drained again,
backoffs begin anew, and the routes are left alone until every process has been asked once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from convox.providers.local.caddy import Route
from convox.providers.local.observed import Exits, Fault, Leaving


@dataclass
class Memory:
    """Mutable, used by one thread."""

    routes: tuple[Route, ...] | None = None
    """What was published last; None when that is not known."""
    joined: tuple[str, tuple[str, ...]] | None = None
    """The router's container and the names it joined the network with."""
    exits: dict[str, Exits] = field(default_factory=dict)
    leaving: dict[str, Leaving] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    """Containers that requests may be under way in."""
    addresses: dict[str, str] = field(default_factory=dict)
    """Addresses of containers, as they were seen last."""
    rising: set[str] = field(default_factory=set)
    """Containers that were seen before they were up."""
    collected: set[tuple[str, str]] = field(default_factory=set)
    """Starts of containers whose output is being kept."""
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    announced: str = ""
    """The pending release that the log has been told of."""

    def note_routes(self, routes: tuple[Route, ...]) -> None:
        """Remember what was published, and who serves from now on."""
        self.routes = routes
        reached = {upstream.partition(":")[0] for route in routes for upstream in route.upstreams}
        self.served |= {id for id, address in self.addresses.items() if address in reached}

    def forget_all_but(self, ids: Iterable[str]) -> set[str]:
        """Drop what is known of containers that are gone; return their ids."""
        kept = set(ids)
        known = {*self.exits, *self.addresses, *self.leaving, *self.served, *self.rising}
        gone = known - kept
        for id in gone:
            self.exits.pop(id, None)
            self.leaving.pop(id, None)
            self.addresses.pop(id, None)
        self.served &= kept
        self.rising &= kept
        self.collected = {(id, start) for id, start in self.collected if id in kept}
        return gone
