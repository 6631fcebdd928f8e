"""Take an app away: its routes, builds, processes, network, volumes, objects, logs, rows.

The wish to delete is in the store until the last of it is gone, so that a kill on the way goes
on where it was. Every step is fine if it was done before.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from convox.core.errors import NotFoundError
from convox.providers.local.containers import Container
from convox.providers.local.layout import LABEL_APP, LABEL_GRACE, LABEL_RACK, LABEL_SIGNAL
from convox.providers.local.runner import Parts
from convox.providers.local.store.apps import AppRow

_log = logging.getLogger(__name__)
_GRACE_MOST_S = 10
_POLL_S = 0.2


class Forgetful(Protocol):
    """A part that holds things of apps besides those of the parts."""

    def forget(self, app: str) -> None:
        """Remove what it holds of an app."""
        ...


@dataclass
class _Ending:
    """When the processes of an app were asked to end."""

    asked: float


class Deletion:
    """Deletes apps, each from the thread of its worker."""

    def __init__(self, parts: Parts, holders: tuple[Forgetful, ...]) -> None:
        self._parts = parts
        self._holders = holders
        self._endings: dict[str, _Ending] = {}

    def advance(self, row: AppRow) -> float | None:
        """Do what can be done now; return seconds until the next look, None when all is gone."""
        app, parts = row.name, self._parts
        containers = parts.engine.containers({LABEL_RACK: parts.layout.rack, LABEL_APP: app})
        if app not in self._endings:
            parts.logs.system("", f"deleting app {app}")
            parts.router.withdraw(app)
            self._ask_to_end(app, containers)
        if self._still_ending(app, containers):
            return _POLL_S
        for container in containers:
            parts.engine.remove(container.id)
        for holder in self._holders:
            holder.forget(app)
        self._remove_network(app)
        for network in parts.engine.networks(parts.layout.labels("resource-network", app)):
            parts.networks.clear(network.name)
            parts.engine.network_remove(network.name)
        for volume in parts.engine.volumes(parts.layout.labels("volume", app)):
            parts.engine.volume_remove(volume.name)
        parts.logs.forget(app)
        parts.store.apps.delete(app)
        parts.logs.system("", f"deleted app {app}")
        self._endings.pop(app, None)
        return None

    def _ask_to_end(self, app: str, containers: list[Container]) -> None:
        for container in containers:
            if container.status == "running":
                with suppress(NotFoundError):
                    signal = container.labels.get(LABEL_SIGNAL) or "SIGTERM"
                    self._parts.engine.kill(container.id, signal)
        self._endings[app] = _Ending(self._parts.clock.monotonic())

    def _still_ending(self, app: str, containers: list[Container]) -> bool:
        waited = self._parts.clock.monotonic() - self._endings[app].asked
        graces = (
            int(container.labels.get(LABEL_GRACE) or _GRACE_MOST_S)
            for container in containers
            if container.status == "running"
        )
        return waited < min(_GRACE_MOST_S, max(graces, default=0))

    def _remove_network(self, app: str) -> None:
        with suppress(NotFoundError):
            self._parts.router.leave(self._parts.layout.network(app))
        self._parts.networks.remove(app)


def remove_orphans(parts: Parts) -> None:
    """Remove processes and networks of apps that the store does not know.

    Raises:
        UnavailableError: the engine does not answer.
    """
    engine, layout = parts.engine, parts.layout
    known = {row.name for row in parts.store.apps.all()}
    for kind in ("service", "oneoff", "timer", "resource"):
        for container in engine.containers(layout.labels(kind)):
            if container.labels.get(LABEL_APP) not in known:
                _log.warning("removing an orphan", extra={"container": container.name})
                engine.remove(container.id)
    for network in engine.networks(layout.labels("network")):
        app = network.labels.get(LABEL_APP)
        if app and app not in known:
            _log.warning("removing an orphan", extra={"network": network.name})
            parts.router.leave(network.name)
            engine.network_remove(network.name)
    for network in engine.networks(layout.labels("resource-network")):
        if network.labels.get(LABEL_APP) not in known:
            _log.warning("removing an orphan", extra={"network": network.name})
            parts.networks.clear(network.name)
            engine.network_remove(network.name)
