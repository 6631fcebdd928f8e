"""The calls about resources: listed, shown, dumped, restored, deleted.

They are made by promoting a release that lists them, never here, and no release deletes one:
only `resource_delete` does. Read resource_target.py for what runs.
"""

from __future__ import annotations

from collections.abc import Callable

from convox.api.types import Resource
from convox.core.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from convox.core.stream import Chunks
from convox.providers.local import dumps
from convox.providers.local.apps import require_app
from convox.providers.local.containers import Container
from convox.providers.local.engine import Engine
from convox.providers.local.layout import LABEL_RESOURCE, Layout
from convox.providers.local.logs import Logs
from convox.providers.local.resource_options import parse_options
from convox.providers.local.resource_types import TYPES, ResourceType
from convox.providers.local.resource_urls import url_of
from convox.providers.local.spool import spooled
from convox.providers.local.store import Store
from convox.providers.local.store.apps import AppRow
from convox.providers.local.store.resources import ResourceRow
from convox.providers.local.wishes import Wishes

KEPT = "kept"
"""Status of a resource that no release lists any more."""


class Resources:
    """The resources of every app of a rack."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        layout: Layout,
        wishes: Wishes,
        logs: Logs,
        wake: Callable[[str], None],
    ) -> None:
        """Join the parts; `wake` has the app's worker look."""
        self._engine = engine
        self._store = store
        self._layout = layout
        self._wishes = wishes
        self._logs = logs
        self._wake = wake

    def resource_list(self, app: str) -> tuple[Resource, ...]:
        """Return the resources of an app, by name."""
        row = require_app(self._store, app)
        found = self._store.resources.of(app).values()
        listed = self._listed(row)
        return tuple(self._resource(each, listed) for each in found)

    def resource_get(self, app: str, name: str) -> Resource:
        """Return a resource of an app."""
        row = require_app(self._store, app)
        return self._resource(self._require(app, name), self._listed(row))

    def resource_export(self, app: str, name: str) -> Chunks:
        """Return a dump of a resource's data.

        Raises:
            InvalidError: it keeps no data.
            FailedError: it could not be dumped.
        """
        kind, container = self._open(app, name)
        command = dumps.dump_command(kind)
        session = self._engine.exec_start(container.id, command)
        return dumps.dump(session, name, self._layout.work)

    def resource_import(self, app: str, name: str, body: Chunks) -> None:
        """Replace a resource's data by a dump; one that is refused changes nothing.

        Raises:
            InvalidError: it is no whole dump of this type.
            FailedError: it was refused.
        """
        kind, container = self._open(app, name)
        ends = dumps.Ends(body)
        with spooled(iter(ends), self._layout.work) as whole:
            dumps.check(kind, name, ends.head, ends.tail)
            command = ("sh", "-c", kind.restore)
            session = self._engine.exec_start(container.id, command, stdin=True)
            dumps.restore(session, name, whole)
        self._logs.system(app, f"imported the data of resource {name}")

    def resource_delete(self, app: str, name: str) -> None:
        """Write the wish that a resource that no release lists goes away with its data.

        Raises:
            ConflictError: a release lists it, or its deletion is protected.
        """
        row, found = require_app(self._store, app), self._require(app, name)
        if name in self._listed(row):
            raise ConflictError(
                f"resource {name} is in use by {row.pending or row.release}",
                why="first promote a release whose convox.yml does not list it",
            )
        if parse_options(name, TYPES[found.type], found.options).protected:
            raise ConflictError(
                f"resource {name} is protected from deletion",
                why="its deletionProtection was true when it was promoted last",
            )
        self._store.resources.mark_deleting(app, name)
        self._logs.system(app, f"deleting resource {name}")
        self._wake(app)

    def _require(self, app: str, name: str) -> ResourceRow:
        found = self._store.resources.find(app, name)
        if found is None:
            raise NotFoundError(f"resource not found: {name}")
        return found

    def _listed(self, row: AppRow) -> set[str]:
        """Return the names that the active release lists, or the one under way."""
        wishes = (self._wishes.wish(row.name, id) for id in (row.release, row.pending) if id)
        return {resource.name for wish in wishes for resource in wish.manifest.resources}

    def _resource(self, row: ResourceRow, listed: set[str]) -> Resource:
        return Resource(
            name=row.name,
            parameters=row.options or None,
            status=_status(row, listed),
            type=row.type,
            url=url_of(self._layout, row),
        )

    def _open(self, app: str, name: str) -> tuple[ResourceType, Container]:
        """Return the type and the running container of a resource that can be dumped."""
        require_app(self._store, app)
        kind = TYPES[self._require(app, name).type]
        if not kind.dump:
            raise InvalidError(f"{name} is a {kind.name}, which keeps no data")
        labels = {**self._layout.labels("resource", app), LABEL_RESOURCE: name}
        running = self._engine.containers(labels, all=False)
        if not running:
            raise UnavailableError(f"resource {name} of {app} does not run")
        return kind, running[0]


def _status(row: ResourceRow, listed: set[str]) -> str:
    if row.deleting:
        return "deleting"
    if row.name not in listed:
        return KEPT
    return "running" if row.settled else "creating"
