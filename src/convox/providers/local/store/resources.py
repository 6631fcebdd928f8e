"""Resources of apps: type, password, subnet, and the options that its data was last run with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from convox.core.clock import Clock
from convox.providers.local.store.database import Database, Row, from_text, to_text


@dataclass(frozen=True)
class ResourceRow:
    """One resource, which outlives the releases that list it."""

    app: str
    name: str
    type: str
    password: str
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the newest release that was promoted with it."""
    network_cidr: str = ""
    settled: bool = False
    """Whether a release was ever promoted with it: then it may hold data."""
    deleting: bool = False
    created: datetime | None = None


class Resources:
    """The table resources."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def ensure(self, app: str, name: str, type: str, password: str) -> None:
        """Add a resource; one that is there keeps everything it has."""
        self._database.write(
            "INSERT INTO resources (app, name, created_at, type, password)"
            " VALUES (:app, :name, :now, :type, :password) ON CONFLICT (app, name) DO NOTHING",
            {
                "app": app,
                "name": name,
                "now": to_text(self._clock.now()),
                "type": type,
                "password": password,
            },
        )

    def find(self, app: str, name: str) -> ResourceRow | None:
        """Return a resource, or None."""
        return self.of(app).get(name)

    def of(self, app: str) -> dict[str, ResourceRow]:
        """Return the resources of an app, by name."""
        rows = self._database.rows(
            "SELECT * FROM resources WHERE app = :app ORDER BY name", {"app": app}
        )
        return {str(row["name"]): _resource(row) for row in rows}

    def networks(self) -> dict[tuple[str, str], str]:
        """Return the subnets of all resources, by app and name."""
        rows = self._database.rows("SELECT app, name, network_cidr FROM resources", {})
        return {
            (str(row["app"]), str(row["name"])): str(row["network_cidr"])
            for row in rows
            if row["network_cidr"]
        }

    def set_network(self, app: str, name: str, cidr: str) -> None:
        """Record the subnet that its network has."""
        self._database.write(
            "UPDATE resources SET network_cidr = :cidr WHERE app = :app AND name = :name",
            {"cidr": cidr, "app": app, "name": name},
        )

    def settle(self, app: str, name: str, options: Mapping[str, str]) -> None:
        """Record that a release was promoted with these options of it."""
        self._database.write(
            "UPDATE resources SET settled = 1, options = :options"
            " WHERE app = :app AND name = :name",
            {"options": json.dumps(dict(options), sort_keys=True), "app": app, "name": name},
        )

    def mark_deleting(self, app: str, name: str) -> None:
        """Write the wish that a resource and its data go away."""
        self._database.write(
            "UPDATE resources SET deleting = 1 WHERE app = :app AND name = :name",
            {"app": app, "name": name},
        )

    def delete(self, app: str, name: str) -> None:
        """Forget a resource."""
        self._database.write(
            "DELETE FROM resources WHERE app = :app AND name = :name", {"app": app, "name": name}
        )


def _resource(row: Row) -> ResourceRow:
    return ResourceRow(
        app=row["app"],
        name=row["name"],
        type=row["type"],
        password=row["password"],
        options=json.loads(row["options"]),
        network_cidr=row["network_cidr"],
        settled=bool(row["settled"]),
        deleting=bool(row["deleting"]),
        created=from_text(row["created_at"]),
    )
