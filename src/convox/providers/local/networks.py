"""The networks of apps and resources: each a small free subnet of the rack's range.

The engine's own defaults end at some thirty networks; a /26 from a /16 gives a thousand. An app
keeps its subnet for life where it can. `allocate` is pure; `Networks` asks and makes.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network
from threading import Lock

from convox.core.errors import FailedError
from convox.providers.local import ranges
from convox.providers.local.engine import Engine
from convox.providers.local.layout import LABEL_RACK, LABEL_RESOURCE, Layout
from convox.providers.local.options import SUBNET_BITS
from convox.providers.local.store import Store

_log = logging.getLogger(__name__)
_TRIES = 5


def allocate(cidr: str, taken: Iterable[str], preferred: str = "") -> str:
    """Return a free subnet of `cidr`: the preferred one if it is free, else the first.

    Args:
        cidr: the rack's range.
        taken: ranges that are in use, of any size.
        preferred: a subnet that was used before, or nothing.

    Raises:
        FailedError: all are taken.
    """
    whole = IPv4Network(cidr)
    used = [IPv4Network(text, strict=False) for text in taken]
    # What contains the whole range is where it lives, not somebody who took a part of it.
    parts = [network for network in used if not network.supernet_of(whole)]
    if preferred and _is_free(IPv4Network(preferred), whole, parts):
        return preferred
    for subnet in whole.subnets(new_prefix=SUBNET_BITS):
        if _is_free(subnet, whole, parts):
            return str(subnet)
    raise FailedError(
        f"no subnet of {cidr} is free",
        why=f"each app and each resource takes a /{SUBNET_BITS} of it",
        fix="delete apps, or install a rack with a larger Cidr",
    )


def _is_free(subnet: IPv4Network, whole: IPv4Network, used: Iterable[IPv4Network]) -> bool:
    return subnet.subnet_of(whole) and not any(subnet.overlaps(network) for network in used)


class Networks:
    """Makes and removes the networks of apps and of their resources."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        layout: Layout,
        cidr: str,
        reserved: tuple[str, ...] = (),
        *,
        host_routes: Callable[[], str] = ranges.ROUTES.read_text,
    ) -> None:
        """Join the parts.

        Args:
            engine: where networks are.
            store: where the subnet of each app is remembered.
            layout: how networks are named.
            cidr: the rack's range.
            reserved: subnets of it that no app may have.
            host_routes: reads the routing table of this machine.
        """
        self._engine = engine
        self._store = store
        self._layout = layout
        self._cidr = cidr
        self._reserved = reserved
        self._host_routes = host_routes
        self._lock = Lock()

    def ensure(self, app: str) -> None:
        """Make an app's network; fine if it is there.

        Raises:
            FailedError: no subnet is free.
        """
        name = self._layout.network(app)
        labels = self._layout.labels("network", app)
        row = self._store.apps.find(app)
        with self._lock:
            cidr = self._ensure(name, labels, (app, ""), row.network_cidr if row else "")
            self._store.apps.set_network(app, cidr)

    def ensure_resource(self, app: str, resource: str) -> None:
        """Make the network of a resource, which leads nowhere else; fine if it is there.

        Raises:
            FailedError: no subnet is free.
        """
        name = self._layout.resource_network(app, resource)
        labels = {**self._layout.labels("resource-network", app), LABEL_RESOURCE: resource}
        row = self._store.resources.find(app, resource)
        with self._lock:
            before = row.network_cidr if row else ""
            cidr = self._ensure(name, labels, (app, resource), before, internal=True)
            self._store.resources.set_network(app, resource, cidr)

    def remove_resource(self, app: str, resource: str) -> None:
        """Remove the network of a resource; what is still in it is taken out."""
        name = self._layout.resource_network(app, resource)
        self.clear(name)
        self._engine.network_remove(name)

    def clear(self, name: str) -> None:
        """Take every container out of a network of the rack."""
        labels = {LABEL_RACK: self._layout.rack}
        for container in self._engine.containers(labels):
            if name in container.addresses:
                self._engine.disconnect(name, container.id)

    def remove(self, app: str) -> None:
        """Remove an app's network, which nothing may be in; fine if it is gone."""
        self._engine.network_remove(self._layout.network(app))

    def _ensure(
        self,
        name: str,
        labels: Mapping[str, str],
        owner: tuple[str, str],
        preferred: str,
        *,
        internal: bool = False,
    ) -> str:
        """Return the subnet of a network, made if it is missing; `owner` is app and resource."""
        found = [each for each in self._engine.networks(labels) if each.name == name]
        if found:
            return found[0].cidr
        taken = set(self._taken(owner))
        for _ in range(_TRIES):
            cidr = allocate(self._cidr, taken, preferred)
            try:
                self._engine.network_create(name, cidr, labels, internal=internal)
            except FailedError as error:
                # Somebody else was quicker, or uses the range in a way that no table shows.
                _log.info("subnet refused", extra={"cidr": cidr, "reason": error.wire})
                taken.add(cidr)
            else:
                return cidr
        raise FailedError(f"no network could be made for {name}", why="the engine refused them all")

    def _taken(self, owner: tuple[str, str]) -> Iterable[str]:
        yield from self._reserved
        for network in self._engine.networks({}):
            if network.cidr and ipaddress.ip_network(network.cidr).version == 4:
                yield network.cidr
        for route in ranges.routes_of(self._host_routes()):
            yield str(route.network)
        for row in self._store.apps.all():
            if row.network_cidr and (row.name, "") != owner:
                yield row.network_cidr
        for each, cidr in self._store.resources.networks().items():
            if each != owner:
                yield cidr
