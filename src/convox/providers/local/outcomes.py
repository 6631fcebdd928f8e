"""Record how promotes end and how an app does: in the store, and in its log for people.

A promote's end is one transaction. The lines written here are what `--wait` prints.
"""

from __future__ import annotations

from convox.providers.local.logs import Logs
from convox.providers.local.resource_options import parse_options, type_of
from convox.providers.local.steps import FinishPromote
from convox.providers.local.store import Store
from convox.providers.local.wishes import Wishes

LINES = 10
"""How many of a container's last lines explain a failure."""
ACTIVE, PROMOTING, FAILED = "active", "promoting", "failed"
SUPERSEDED, CANCELLED = "superseded", "cancelled"
"""Status of a release; one that was active and is not any more has none."""


class Outcomes:
    """Writes down what became of an app's wishes."""

    def __init__(self, app: str, store: Store, logs: Logs, wishes: Wishes) -> None:
        self._app = app
        self._store = store
        self._logs = logs
        self._wishes = wishes

    def finish(self, end: FinishPromote) -> None:
        """Record the end of a promote, unless another wish has replaced it."""
        lines = self._tail(end.culprit)
        if not (self._promoted(end.release) if end.promoted else self._failed(end, lines)):
            return
        if end.promoted:
            self._say(f"promoted {end.release}")
            self._tell_resources(end.release)
            return
        for line in lines:
            self._say(f"  {line}")
        self._say(f"{end.release} was not promoted: {end.cause}")

    def report(self, cause: str, culprit: str) -> None:
        """Record why the app is unwell."""
        self._store.apps.set_reason(self._app, _told(cause, self._tail(culprit)))
        self._say(cause)

    def clear(self) -> None:
        """Record that the app is well."""
        self._store.apps.set_reason(self._app, "")
        self._say("all services are up")

    def _promoted(self, release: str) -> bool:
        with self._store.database.transaction():
            row = self._store.apps.find(self._app)
            before = row.release if row else ""
            done = self._store.apps.finish_pending(self._app, release, promoted=True, reason="")
            if done:
                self._store.apps.settle_services(self._app, self._scales(release))
                if before and before != release:
                    self._store.releases.set_status(self._app, before, "")
                self._store.releases.set_status(self._app, release, ACTIVE)
                self._settle_resources(release)
            return done

    def _settle_resources(self, release: str) -> None:
        for resource in self._wishes.wish(self._app, release).manifest.resources:
            self._store.resources.settle(self._app, resource.name, resource.options)

    def _tell_resources(self, release: str) -> None:
        wish = self._wishes.wish(self._app, release)
        for resource in wish.manifest.resources:
            kind = type_of(resource.name, resource.type)
            for option in parse_options(resource.name, kind, resource.options).ignored:
                self._say(f"resource {resource.name}: {option} has no effect on a local rack")
        listed = {resource.name for resource in wish.manifest.resources}
        for name, row in wish.resources.items():
            if name not in listed and not row.deleting:
                self._say(
                    f"resource {name} is in convox.yml no more: it is kept with its data;"
                    f" to delete both: convox resources delete {name} -a {self._app}"
                )

    def _failed(self, end: FinishPromote, lines: list[str]) -> bool:
        reason = _told(end.cause, lines)
        with self._store.database.transaction():
            row = self._store.apps.find(self._app)
            done = self._store.apps.finish_pending(
                self._app,
                end.release,
                promoted=False,
                reason=f"release {end.release} failed: {reason}",
            )
            if done:
                # One that runs already goes on running, whatever a second promote came to.
                is_active = row is not None and row.release == end.release
                status = ACTIVE if is_active else FAILED
                self._store.releases.set_status(self._app, end.release, status, reason)
            return done

    def _scales(self, release: str) -> dict[str, tuple[int, int, int]]:
        """Return the scale of the manifest: count, cpu, memory by service.

        It holds from the first release of a service on. Source: manifest.md section 8.
        """
        manifest = self._wishes.wish(self._app, release).manifest
        return {
            service.name: (service.scale.count.min, service.scale.cpu, service.scale.memory)
            for service in manifest.services
        }

    def _tail(self, container: str) -> list[str]:
        return self._logs.tail(container, LINES) if container else []

    def _say(self, message: str) -> None:
        self._logs.system(self._app, message)


def _told(cause: str, lines: list[str]) -> str:
    return "\n".join((cause, *lines))
