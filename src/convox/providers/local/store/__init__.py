"""The state of a local rack in SQLite: the only place with queries.

A call that changes the world writes its wish here in one transaction; the reconciler reads it.
Start with database.py (connection and schema), then one module for each noun.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convox.core.clock import Clock
from convox.providers.local.store.apps import Apps
from convox.providers.local.store.builds import Builds
from convox.providers.local.store.database import Database
from convox.providers.local.store.releases import Releases
from convox.providers.local.store.resources import Resources
from convox.providers.local.store.settings import Settings
from convox.providers.local.store.timers import Timers


@dataclass(frozen=True)
class Store:
    """All tables over one connection."""

    database: Database
    apps: Apps
    builds: Builds
    releases: Releases
    resources: Resources
    settings: Settings
    timers: Timers

    def close(self) -> None:
        """Close the connection."""
        self.database.close()


def open_store(path: Path, clock: Clock) -> Store:
    """Open the database, creating or migrating it."""
    database = Database(path)
    return Store(
        database,
        Apps(database, clock),
        Builds(database, clock),
        Releases(database, clock),
        Resources(database, clock),
        Settings(database, clock),
        Timers(database, clock),
    )
