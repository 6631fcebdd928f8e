"""Builds: one row each, in the shape of the contract."""

from __future__ import annotations

from datetime import datetime

from convox.api.types import Build
from convox.core.clock import Clock
from convox.providers.local.store.database import Database, Row, from_text, to_text


class Builds:
    """The table builds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def insert(self, build: Build) -> None:
        """Add a build."""
        self._database.write(
            "INSERT INTO builds (id, app, created_at, description, git_sha, entrypoint, manifest,"
            " release, reason, status, started, ended, wildcard_domain) VALUES (:id, :app, :now,"
            " :description, :git_sha, :entrypoint, :manifest, :release, :reason, :status,"
            " :started, :ended, :wildcard_domain)",
            {**_values(build), "now": to_text(self._clock.now())},
        )

    def update(self, build: Build) -> None:
        """Replace a build by its id."""
        self._database.write(
            "UPDATE builds SET description = :description, git_sha = :git_sha,"
            " entrypoint = :entrypoint, manifest = :manifest, release = :release,"
            " reason = :reason, status = :status, started = :started, ended = :ended,"
            " wildcard_domain = :wildcard_domain WHERE id = :id AND app = :app",
            _values(build),
        )

    def find(self, app: str, id: str) -> Build | None:
        """Return a build of an app, or None."""
        row = self._database.row(
            "SELECT * FROM builds WHERE app = :app AND id = :id", {"app": app, "id": id}
        )
        return _build(row) if row else None

    def latest(self, app: str, limit: int) -> list[Build]:
        """Return builds of an app, newest first."""
        rows = self._database.rows(
            "SELECT * FROM builds WHERE app = :app ORDER BY created_at DESC, rowid DESC"
            " LIMIT :limit",
            {"app": app, "limit": limit},
        )
        return [_build(row) for row in rows]

    def with_status(self, status: str) -> list[Build]:
        """Return builds of every app in a status."""
        rows = self._database.rows("SELECT * FROM builds WHERE status = :s", {"s": status})
        return [_build(row) for row in rows]


def _values(build: Build) -> dict[str, str | int | None]:
    return {
        "id": build.id,
        "app": build.app,
        "description": build.description,
        "git_sha": build.git_sha,
        "entrypoint": build.entrypoint,
        "manifest": build.manifest,
        "release": build.release,
        "reason": build.reason,
        "status": build.status,
        "started": to_text(build.started),
        "ended": to_text(build.ended),
        "wildcard_domain": int(build.wildcard_domain),
    }


def _build(row: Row) -> Build:
    started: datetime | None = from_text(row["started"])
    return Build(
        id=row["id"],
        app=row["app"],
        description=row["description"],
        git_sha=row["git_sha"],
        entrypoint=row["entrypoint"],
        manifest=row["manifest"],
        release=row["release"],
        reason=row["reason"],
        status=row["status"],
        started=started,
        ended=from_text(row["ended"]),
        wildcard_domain=bool(row["wildcard_domain"]),
    )
