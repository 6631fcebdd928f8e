"""The router: a container with Caddy, the networks it has joined, the routes it serves.

`publish` writes files first and tells Caddy second, so that a router that dies and starts on its
own serves the same. Concurrent calls share one load. May not decide who is routed where: that
comes from the reconciler. caddy.py has the configuration, router_state.py the files.
"""

from __future__ import annotations

import hashlib
import json
import logging
import socket
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cached_property
from threading import Event, Lock

from convox.core.clock import Clock
from convox.core.errors import FailedError, NotFoundError, UnavailableError
from convox.providers.local import caddy
from convox.providers.local.caddy import Frontage, Route
from convox.providers.local.caddy_admin import Admin
from convox.providers.local.containers import ContainerSpec, Mount, PublishedPort
from convox.providers.local.engine import Engine
from convox.providers.local.handshake import serves
from convox.providers.local.layout import LABEL_APP, LABEL_SPEC, Layout
from convox.providers.local.options import RackOptions
from convox.providers.local.router_image import (
    ensure_image,
    find_binary,
    process_user,
    reference,
)
from convox.providers.local.router_state import State, StateFiles
from convox.providers.local.slots import INSIDE
from convox.providers.local.spares import Placement, place

_log = logging.getLogger(__name__)
_START_LIMIT_S = 15.0
_ANSWER_LIMIT_S = 5.0
_CERTIFICATE_LIMIT_S = 3.0
_POLL_S = 0.02
_PLACE = "_router"
"""Where an app's name stands in names; no app can be called so."""
_NETWORK = "-router"
"""The same in the network's name, which sorts before that of any app, also of one like 1st.

The engine publishes ports through the first network by name; another one would cut connections.
"""


class Router:
    """One rack's router; any thread may call it."""

    def __init__(self, engine: Engine, layout: Layout, options: RackOptions, clock: Clock) -> None:
        self._engine = engine
        self._layout = layout
        self._options = options
        self._clock = clock
        self._frontage = Frontage(
            layout.rack,
            options.port,
            options.api_port,
            options.cidr,
            options.router_subnet,
            listens=bool(options.listen),
        )
        self._files = StateFiles(layout.router, self._frontage)
        self._admin = Admin(layout.admin_socket)
        self._container = ""
        self._lock = Lock()
        """Guards the state and its number."""
        self._loading = Lock()
        """Held while files are written and Caddy is told."""
        self._joining = Lock()
        self._state = self._files.read()
        self._wanted = 0
        self._served = -1
        self._placement: Placement | None = None
        """What Caddy serves; None when that is not known."""
        self._addresses: Mapping[str, str] = {}
        """Network to the router's address in it."""

    @property
    def container_id(self) -> str:
        """The id of the router's container, empty before `ensure`."""
        return self._container

    @property
    def network(self) -> str:
        """The name of the router's own network."""
        return self._layout.network(_NETWORK)

    def ensure(self) -> None:
        """Make the router run as it should; cheap when it does; keeps what was published.

        Raises:
            UnavailableError: the engine or the router does not answer.
            FailedError: the router cannot start, for example because a port is taken.
        """
        with self._joining:
            self._apply(tell=False)
            changed = self._ensure_running()
            self._await_answer()
            if changed:
                self._rejoin()
            self._note_addresses()
        if changed:
            self._forget_served()
        self._apply()
        if changed:
            self._await_certificates([self._frontage.wildcard.replace("*", "router")])

    def publish(self, app: str, routes: tuple[Route, ...]) -> None:
        """Serve exactly `routes` for an app; returns once new requests follow them.

        Raises:
            UnavailableError: the router does not answer; it will serve them when it starts.
            FailedError: the router refused them, and serves what it served before.
        """
        with self._lock:
            before = self._state
            changed = {**before.routes, app: routes}
            kept = {name: found for name, found in changed.items() if found}
            self._state = replace(before, routes=kept)
            self._wanted += 1
        try:
            self._apply()
        except FailedError:
            self._restore(app, routes, before.routes.get(app, ()))
            raise
        had = caddy.domains(self._frontage, before.all)
        self._await_certificates(
            [name for name in caddy.domains(self._frontage, routes) if name not in had]
        )

    def withdraw(self, app: str) -> None:
        """Serve nothing for an app."""
        self.publish(app, ())

    def join(self, network: str, aliases: tuple[str, ...] = ()) -> None:
        """Be in a network under these names; fine if it is already."""
        with self._joining:
            aliases = tuple(sorted(aliases))
            known = self._state.networks.get(network)
            address = self._engine.inspect(self._container).addresses.get(network)
            if address is not None and known == aliases:
                return
            if address is not None:
                self._engine.disconnect(network, self._container)
            # At the same address as before, connections that are open there go on.
            self._engine.connect(network, self._container, aliases, address=address or "")
            self._note_addresses()
            self._remember({**self._state.networks, network: aliases})

    def leave(self, network: str) -> None:
        """Be no longer in a network; fine if it is not."""
        with self._joining:
            self._engine.disconnect(network, self._container)
            self._remember({n: a for n, a in self._state.networks.items() if n != network})

    # The container

    def _ensure_running(self) -> bool:
        """Return whether it was started or made."""
        spec = self._spec
        found = self._engine.containers(self._layout.labels("router"))
        good = [c for c in found if c.labels.get(LABEL_SPEC) == spec.labels[LABEL_SPEC]]
        for container in found:
            if container not in good[:1]:
                self._engine.remove(container.id)
        if not good:
            self._container = self._create(spec)
            return True
        self._container = good[0].id
        if good[0].status == "running":
            return False
        try:
            self._engine.start(self._container)
        except (NotFoundError, FailedError):
            # For example a network that it was in is gone; a new one is in its own alone.
            self._engine.remove(self._container)
            self._container = self._create(spec)
        return True

    def _create(self, spec: ContainerSpec) -> str:
        ensure_image(self._engine, self._layout)
        self._ensure_network()
        self._layout.admin_socket.unlink(missing_ok=True)
        id = self._engine.create(spec)
        try:
            self._engine.start(id)
        except FailedError:
            self._engine.remove(id)
            raise
        _log.info("router created", extra={"container": id[:12]})
        return id

    @cached_property
    def _spec(self) -> ContainerSpec:
        image = reference(self._layout.rack, find_binary(), process_user())
        spec = ContainerSpec(
            name=self._layout.container(_PLACE, "caddy", "0"),
            image=image,
            labels=self._layout.labels("router"),
            network=self.network,
            address=self._frontage.address,
            mounts=(Mount(str(self._layout.router), INSIDE),),
            published=self._published(),
            cap_drop=("ALL",),
            cap_add=("NET_BIND_SERVICE",),
            read_only=True,
            stop_grace_s=2,
            restart_always=True,
        )
        digest = hashlib.sha256(json.dumps(asdict(spec), sort_keys=True).encode()).hexdigest()
        return replace(spec, labels={**spec.labels, LABEL_SPEC: digest[:16]})

    def _published(self) -> tuple[PublishedPort, ...]:
        options = self._options
        ports = (
            (options.port, caddy.HTTPS),
            (options.http_port, caddy.HTTP),
            (options.api_port, caddy.API),
        )
        return tuple(
            PublishedPort(address, outside, inside)
            for address in options.addresses
            if address != "::1" or _has_ipv6_loopback()
            for outside, inside in ports
        )

    def _ensure_network(self) -> None:
        labels = self._layout.labels("network")
        own = [n for n in self._engine.networks(labels) if LABEL_APP not in n.labels]
        if any(network.name == self.network for network in own):
            return
        for network in own:
            # Named so by an earlier version of the rack; it holds the same range.
            self._engine.network_remove(network.name)
        self._engine.network_create(self.network, self._options.router_subnet, labels)

    def _rejoin(self) -> None:
        present = self._engine.inspect(self._container).addresses
        for network, aliases in self._state.networks.items():
            if network in present:
                continue
            try:
                self._engine.connect(network, self._container, aliases)
            except NotFoundError:
                _log.info("network is gone", extra={"network": network})

    def _note_addresses(self) -> None:
        """Learn where the router is in each network; links may have to move."""
        addresses = self._engine.inspect(self._container).addresses
        with self._lock:
            if addresses != self._addresses:
                self._addresses = addresses
                self._wanted += 1

    def _remember(self, networks: Mapping[str, tuple[str, ...]]) -> None:
        with self._lock:
            self._state = replace(self._state, networks=networks)
            self._wanted += 1
        self._apply(tell=False)

    # Caddy

    def _apply(self, *, tell: bool = True) -> None:
        """Write the newest state and have it served; calls that waited find it done."""
        with self._lock:
            mine = self._wanted
        with self._loading:
            if tell and self._served >= mine:
                return
            with self._lock:
                state, number = self._state, self._wanted
            self._files.write(state)
            if tell:
                self._serve(state)
                self._served = number

    def _serve(self, state: State) -> None:
        """Have the newest state served: by spares where they do, else by a reload."""
        if self._placement is not None:
            addresses = {
                app: self._addresses.get(self._layout.network(app), "") for app in state.routes
            }
            placed = place(self._placement, self._frontage, state.routes, addresses)
            if placed is not None:
                self._files.place(placed)
                self._files.retire(state)
                self._placement = placed
                return
        self._tell(self._files.configuration)
        self._placement = Placement.of(state.all)
        self._files.place(self._placement)
        self._files.sweep(state, self._placement)

    def _forget_served(self) -> None:
        with self._loading:
            self._served, self._placement = -1, None

    def _restore(self, app: str, refused: tuple[Route, ...], before: tuple[Route, ...]) -> None:
        with self._lock:
            if self._state.routes.get(app) != refused:
                return
            routes = {**self._state.routes, app: before}
            kept = {name: found for name, found in routes.items() if found}
            self._state = replace(self._state, routes=kept)
            self._wanted += 1
        self._apply()

    def _tell(self, config: bytes) -> None:
        deadline = self._clock.monotonic() + _ANSWER_LIMIT_S
        while True:
            try:
                self._admin.load(config)
                return
            except UnavailableError:
                # It may be starting again, and may have read the files before this change.
                if self._clock.monotonic() > deadline:
                    raise
                self._clock.wait(Event(), _POLL_S)

    def _await_answer(self) -> None:
        deadline = self._clock.monotonic() + _START_LIMIT_S
        while not self._admin.answers():
            if self._clock.monotonic() > deadline:
                raise UnavailableError(
                    "the router does not start",
                    fix=f"see why: docker logs {self._container[:12]}",
                )
            self._clock.wait(Event(), _POLL_S)

    def _await_certificates(self, names: list[str]) -> None:
        """Wait until handshakes for `names` succeed, so that the first visitor's does."""
        if not names:
            return
        address = self._engine.inspect(self._container).addresses.get(self.network, "")
        deadline = self._clock.monotonic() + _CERTIFICATE_LIMIT_S
        for name in names:
            while not serves(address, caddy.HTTPS, name):
                if self._clock.monotonic() > deadline:
                    _log.warning("certificate not ready", extra={"host": name})
                    return
                self._clock.wait(Event(), _POLL_S)


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
