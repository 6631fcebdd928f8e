"""What the router serves, on disk: routes, the networks it joined, Caddy's configuration, slots.

Every file is replaced whole, so that a router that starts on its own at any moment finds a whole
configuration, and the rack process finds after a crash what it had published. One writer at a
time: the caller holds a lock. router.py decides when.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from convox.providers.local import slots
from convox.providers.local.caddy import Frontage, Route, configuration
from convox.providers.local.spares import Placement

Routes = Mapping[str, tuple[Route, ...]]
"""Routes by app."""


@dataclass(frozen=True)
class State:
    """What was published and joined."""

    routes: Routes = field(default_factory=dict)
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Network to the names that the router has in it."""

    @property
    def all(self) -> tuple[Route, ...]:
        """Routes of all apps."""
        return tuple(route for app in sorted(self.routes) for route in self.routes[app])


class StateFiles:
    """The files in the router's folder."""

    def __init__(self, folder: Path, frontage: Frontage) -> None:
        self._folder = folder
        self._frontage = frontage
        self._known: dict[str, str] = {}
        """Content of the files in the slots' folder, as far as it was written from here."""
        self._shapes: frozenset[str] | None = None
        """What the configuration on disk holds."""

    @property
    def configuration(self) -> bytes:
        """The configuration for the state that was written last."""
        return (self._folder / "caddy.json").read_bytes()

    def read(self) -> State:
        """Return what was written last; nothing if that is missing or broken."""
        try:
            data = json.loads((self._folder / "routes.json").read_bytes())
            routes = {app: tuple(map(_route, rows)) for app, rows in data["routes"].items()}
            return State(routes, {n: tuple(names) for n, names in data["networks"].items()})
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            # Losing it costs a moment: the rack publishes every app again when it starts.
            return State()

    def write(self, state: State) -> None:
        """Write `state`, the upstreams of its routes, and the configuration to load for it.

        Entries that `state` has no route for go on until `retire` or `sweep`, so that what takes
        their place can be served first.
        """
        (self._folder / slots.FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in _slots(state).items():
            self._put(name, text)
        shapes = frozenset(route.shape for route in state.all)
        if shapes != self._shapes:
            made = configuration(self._frontage, state.all)
            replace(self._folder / "caddy.json", json.dumps(made, sort_keys=True).encode())
            self._shapes = shapes
        replace(self._folder / "routes.json", json.dumps(asdict(state), sort_keys=True).encode())

    def place(self, placement: Placement) -> None:
        """Write the files of the spares."""
        for name, text in placement.files().items():
            self._put(name, text)

    def retire(self, state: State) -> None:
        """Have entries that `state` has no route for answer nothing."""
        for name in self._known.keys() - _slots(state).keys():
            if name.rpartition(".")[2].isdecimal() and not name.startswith("spare-"):
                self._put(name, slots.GONE)

    def sweep(self, state: State, placement: Placement) -> None:
        """Remove the files that are used no more, once a configuration without them is served."""
        used = _slots(state).keys() | placement.files().keys()
        for path in (self._folder / slots.FOLDER).iterdir():
            if path.name not in used:
                path.unlink(missing_ok=True)
                self._known.pop(path.name, None)

    def _put(self, name: str, text: str) -> None:
        if self._known.get(name) != text:
            replace(self._folder / slots.FOLDER / name, text.encode())
            self._known[name] = text


def _slots(state: State) -> dict[str, str]:
    """Return the files of each route, by name."""
    files: dict[str, str] = {}
    for route in state.all:
        files |= slots.contents(route.key, route.owner, route.upstreams, sticky=route.sticky)
    return files


def replace(path: Path, data: bytes) -> None:
    """Give a file new content at once, mode 0600; the same content leaves it alone."""
    try:
        if path.read_bytes() == data:
            return
    except FileNotFoundError:
        pass
    temporary = path.with_name(f".{path.name}.new")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
    temporary.replace(path)


def _route(row: dict[str, object]) -> Route:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return Route(**{**row, **lists})  # type: ignore[arg-type]
