"""Named values of the rack itself: parameters, password hashes, signing keys, versions run."""

from __future__ import annotations

from convox.core.clock import Clock
from convox.providers.local.store.database import Database, to_text


class Settings:
    """Text by name."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, name: str) -> str | None:
        """Return a value, or None when it was never set."""
        row = self._database.row("SELECT value FROM settings WHERE name = :name", {"name": name})
        return str(row["value"]) if row else None

    def put(self, name: str, value: str) -> None:
        """Set a value."""
        self._database.write(
            "INSERT INTO settings (name, value, created_at) VALUES (:name, :value, :now)"
            " ON CONFLICT (name) DO UPDATE SET value = :value",
            {"name": name, "value": value, "now": to_text(self._clock.now())},
        )

    def delete(self, name: str) -> bool:
        """Forget a value; False if there was none."""
        deleted = self._database.write("DELETE FROM settings WHERE name = :name", {"name": name})
        return deleted == 1

    def with_prefix(self, prefix: str) -> dict[str, str]:
        """Return the settings whose names begin so, prefix removed."""
        rows = self._database.rows(
            "SELECT name, value FROM settings WHERE substr(name, 1, :n) = :prefix ORDER BY name",
            {"n": len(prefix), "prefix": prefix},
        )
        return {str(row["name"])[len(prefix) :]: str(row["value"]) for row in rows}
