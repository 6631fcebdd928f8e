"""Apps, the wish of each (which release shall run), and the scale of their services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from convox.core.clock import Clock
from convox.providers.local.store.database import Database, Row, from_text, to_text


@dataclass(frozen=True)
class ServiceRow:
    """What a person asked of one service; None leaves the manifest's word."""

    name: str
    count: int | None = None
    cpu: int | None = None
    memory: int | None = None
    restarts: int = 0
    """Grows by one with each restart asked for."""


@dataclass(frozen=True)
class AppRow:
    """One app: what runs (`release`) and what shall run next (`pending`)."""

    name: str
    created: datetime
    generation: str = "2"
    locked: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    network_cidr: str = ""
    release: str = ""
    pending: str = ""
    pending_since: datetime | None = None
    pending_options: Mapping[str, int | bool | str] = field(default_factory=dict)
    deleting: bool = False
    reason: str = ""


class Apps:
    """The tables apps and services."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def insert(self, name: str, generation: str) -> bool:
        """Add an app; False if the name is taken."""
        changed = self._database.write(
            "INSERT INTO apps (name, created_at, generation) VALUES (:name, :now, :generation)"
            " ON CONFLICT (name) DO NOTHING",
            {"name": name, "now": to_text(self._clock.now()), "generation": generation},
        )
        return changed == 1

    def find(self, name: str) -> AppRow | None:
        """Return an app, or None."""
        row = self._database.row("SELECT * FROM apps WHERE name = :name", {"name": name})
        return _app(row) if row else None

    def all(self) -> list[AppRow]:
        """Return every app, by name."""
        return [_app(row) for row in self._database.rows("SELECT * FROM apps ORDER BY name", {})]

    def delete(self, name: str) -> None:
        """Forget an app with its builds, releases and scales."""
        self._database.write("DELETE FROM apps WHERE name = :name", {"name": name})

    def mark_deleting(self, name: str) -> None:
        """Write the wish that an app goes away."""
        self._database.write("UPDATE apps SET deleting = 1 WHERE name = :name", {"name": name})

    def set_locked(self, name: str, *, locked: bool) -> None:
        """Lock or unlock."""
        self._database.write(
            "UPDATE apps SET locked = :locked WHERE name = :name",
            {"locked": int(locked), "name": name},
        )

    def set_parameters(self, name: str, parameters: Mapping[str, str]) -> None:
        """Replace the parameters."""
        self._database.write(
            "UPDATE apps SET parameters = :parameters WHERE name = :name",
            {"parameters": json.dumps(dict(parameters), sort_keys=True), "name": name},
        )

    def set_network(self, name: str, cidr: str) -> None:
        """Record the subnet that the app's network has."""
        self._database.write(
            "UPDATE apps SET network_cidr = :cidr WHERE name = :name", {"cidr": cidr, "name": name}
        )

    def set_reason(self, name: str, reason: str) -> None:
        """Record why the app is unwell, or clear it with an empty text."""
        self._database.write(
            "UPDATE apps SET reason = :reason WHERE name = :name", {"reason": reason, "name": name}
        )

    def set_pending(self, name: str, release: str, options: Mapping[str, int | bool | str]) -> None:
        """Write the wish that a release runs."""
        self._database.write(
            "UPDATE apps SET pending = :release, pending_since = :now, pending_options = :options"
            " WHERE name = :name",
            {
                "release": release,
                "now": to_text(self._clock.now()),
                "options": json.dumps(dict(options), sort_keys=True),
                "name": name,
            },
        )

    def finish_pending(self, name: str, release: str, *, promoted: bool, reason: str) -> bool:
        """End a promote: with `promoted` the release becomes the active one.

        Returns:
            False when another wish has replaced this one in the meantime; nothing is changed then.
        """
        changed = self._database.write(
            "UPDATE apps SET release = CASE WHEN :promoted THEN pending ELSE release END,"
            " pending = '', pending_since = NULL, pending_options = '{}', reason = :reason"
            " WHERE name = :name AND pending = :release",
            {"promoted": int(promoted), "reason": reason, "name": name, "release": release},
        )
        return changed == 1

    def services(self, app: str) -> dict[str, ServiceRow]:
        """Return what was asked of each service, by name."""
        rows = self._database.rows("SELECT * FROM services WHERE app = :app", {"app": app})
        return {
            str(row["name"]): ServiceRow(
                row["name"], row["count"], row["cpu"], row["memory"], row["restarts"]
            )
            for row in rows
        }

    def scale(
        self, app: str, service: str, *, count: int | None, cpu: int | None, memory: int | None
    ) -> None:
        """Change what is given; None leaves a value as it is."""
        self._ensure_service(app, service)
        self._database.write(
            "UPDATE services SET count = COALESCE(:count, count), cpu = COALESCE(:cpu, cpu),"
            " memory = COALESCE(:memory, memory) WHERE app = :app AND name = :name",
            {"count": count, "cpu": cpu, "memory": memory, "app": app, "name": service},
        )

    def restart(self, app: str, service: str) -> None:
        """Write the wish that a service's processes are replaced."""
        self._ensure_service(app, service)
        self._database.write(
            "UPDATE services SET restarts = restarts + 1 WHERE app = :app AND name = :name",
            {"app": app, "name": service},
        )

    def settle_services(self, app: str, scales: Mapping[str, tuple[int, int, int]]) -> None:
        """Make count, cpu and memory by service the wish where none was; forget other services."""
        for name in self.services(app).keys() - scales.keys():
            self._database.write(
                "DELETE FROM services WHERE app = :app AND name = :name",
                {"app": app, "name": name},
            )
        for name, (count, cpu, memory) in scales.items():
            self._ensure_service(app, name)
            self._database.write(
                "UPDATE services SET count = COALESCE(count, :count), cpu = COALESCE(cpu, :cpu),"
                " memory = COALESCE(memory, :memory) WHERE app = :app AND name = :name",
                {"count": count, "cpu": cpu, "memory": memory, "app": app, "name": name},
            )

    def _ensure_service(self, app: str, service: str) -> None:
        self._database.write(
            "INSERT INTO services (app, name, created_at) VALUES (:app, :name, :now)"
            " ON CONFLICT (app, name) DO NOTHING",
            {"app": app, "name": service, "now": to_text(self._clock.now())},
        )


def _app(row: Row) -> AppRow:
    created = from_text(row["created_at"])
    assert created is not None  # noqa: S101  the column is NOT NULL
    return AppRow(
        name=row["name"],
        created=created,
        generation=row["generation"],
        locked=bool(row["locked"]),
        parameters=json.loads(row["parameters"]),
        network_cidr=row["network_cidr"],
        release=row["release"],
        pending=row["pending"],
        pending_since=from_text(row["pending_since"]),
        pending_options=json.loads(row["pending_options"]),
        deleting=bool(row["deleting"]),
        reason=row["reason"],
    )
