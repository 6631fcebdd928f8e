"""Releases: a build, an env and a manifest frozen together; only status and reason change."""

from __future__ import annotations

from convox.api.types import Release
from convox.core.clock import Clock
from convox.providers.local.store.database import Database, Row, from_text, to_text


class Releases:
    """The table releases."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def insert(self, release: Release) -> Release:
        """Add a release, stamped with the time; return it as stored."""
        now = to_text(self._clock.now())
        self._database.write(
            "INSERT INTO releases (id, app, created_at, build, env, manifest, description)"
            " VALUES (:id, :app, :now, :build, :env, :manifest, :description)",
            {
                "id": release.id,
                "app": release.app,
                "now": now,
                "build": release.build,
                "env": release.env,
                "manifest": release.manifest,
                "description": release.description,
            },
        )
        return self.find(release.app, release.id) or release

    def find(self, app: str, id: str) -> Release | None:
        """Return a release of an app with its env, or None."""
        row = self._database.row(
            "SELECT * FROM releases WHERE app = :app AND id = :id", {"app": app, "id": id}
        )
        return _release(row) if row else None

    def latest(self, app: str, limit: int) -> list[Release]:
        """Return releases of an app with their env, newest first."""
        rows = self._database.rows(
            "SELECT * FROM releases WHERE app = :app ORDER BY created_at DESC, rowid DESC"
            " LIMIT :limit",
            {"app": app, "limit": limit},
        )
        return [_release(row) for row in rows]

    def set_status(self, app: str, id: str, status: str, reason: str = "") -> None:
        """Record how the promote of a release went."""
        self._database.write(
            "UPDATE releases SET status = :status, reason = :reason WHERE app = :app AND id = :id",
            {"status": status, "reason": reason, "app": app, "id": id},
        )


def _release(row: Row) -> Release:
    return Release(
        id=row["id"],
        app=row["app"],
        build=row["build"],
        env=row["env"],
        manifest=row["manifest"],
        description=row["description"],
        created=from_text(row["created_at"]),
        status=row["status"],
        reason=row["reason"],
    )
