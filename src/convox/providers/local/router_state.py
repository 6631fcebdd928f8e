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

from convox.providers.local.caddy import UPSTREAMS, Frontage, Route, configuration, slots

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

    def read(self) -> State:
        """Return what was written last; nothing if that is missing or broken."""
        try:
            data = json.loads((self._folder / "routes.json").read_bytes())
            routes = {app: tuple(map(_route, rows)) for app, rows in data["routes"].items()}
            return State(routes, {n: tuple(names) for n, names in data["networks"].items()})
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            # Losing it costs a moment: the rack publishes every app again when it starts.
            return State()

    def write(self, state: State) -> bytes:
        """Write `state` and what follows from it; return the configuration to load.

        Slots that are no longer used stay until `sweep`: the configuration served now reads them.
        """
        folder = self._folder / UPSTREAMS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, address in slots(state.all).items():
            replace(folder / name, address.encode())
        config = json.dumps(configuration(self._frontage, state.all), sort_keys=True).encode()
        replace(self._folder / "caddy.json", config)
        replace(self._folder / "routes.json", json.dumps(asdict(state), sort_keys=True).encode())
        return config

    def sweep(self, state: State) -> None:
        """Remove the slots that `state` does not use."""
        folder = self._folder / UPSTREAMS
        for name in {path.name for path in folder.iterdir()} - slots(state.all).keys():
            (folder / name).unlink(missing_ok=True)


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
