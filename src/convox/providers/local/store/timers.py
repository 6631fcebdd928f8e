"""Runs of timers, one row each, and until when each timer's schedule has been looked at.

A run is recorded before its process exists, and at most once for a timer and a moment; that is
what keeps a rack that is killed from running it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from convox.core.clock import Clock
from convox.providers.local.store.database import Database, Row, from_text, to_text

KEPT = 50
"""How many runs of a timer are remembered."""


class RunStatus(StrEnum):
    """What became of a run."""

    PENDING = "pending"
    """Recorded; its process may or may not exist."""
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    """It ended with a status other than 0, or could not be started."""
    SKIPPED = "skipped"
    """The run before it was still running."""
    MISSED = "missed"
    """The rack did not run at the time; the reason says how many."""


OPEN = (RunStatus.PENDING, RunStatus.RUNNING)


@dataclass(frozen=True)
class RunRow:
    """One run, or the moments that were missed in a row."""

    id: int
    app: str
    timer: str
    due: datetime
    status: RunStatus
    manual: bool = False
    process: str = ""
    release: str = ""
    exit_code: int | None = None
    started: datetime | None = None
    ended: datetime | None = None
    reason: str = ""


class Timers:
    """The tables timers and timer_runs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def seen(self, app: str, timer: str, schedule: str) -> datetime | None:
        """Return until when this schedule of a timer was looked at; None if it is new."""
        row = self._database.row(
            "SELECT seen FROM timers WHERE app = :app AND name = :name AND schedule = :schedule",
            {"app": app, "name": timer, "schedule": schedule},
        )
        return from_text(row["seen"]) if row else None

    def see(self, app: str, timer: str, schedule: str, until: datetime) -> None:
        """Record that a schedule was looked at until a moment."""
        self._database.write(
            "INSERT INTO timers (app, name, created_at, schedule, seen)"
            " VALUES (:app, :name, :now, :schedule, :seen)"
            " ON CONFLICT (app, name) DO UPDATE SET schedule = :schedule, seen = :seen",
            {
                "app": app,
                "name": timer,
                "now": to_text(self._clock.now()),
                "schedule": schedule,
                "seen": to_text(until),
            },
        )

    def forget_all_but(self, app: str, names: frozenset[str]) -> None:
        """Forget how far the schedules of other timers were looked at; their runs stay."""
        rows = self._database.rows("SELECT name FROM timers WHERE app = :app", {"app": app})
        for name in {str(row["name"]) for row in rows} - names:
            self._database.write(
                "DELETE FROM timers WHERE app = :app AND name = :name", {"app": app, "name": name}
            )

    def claim(
        self, app: str, timer: str, due: datetime, *, manual: bool = False, overlap: bool = False
    ) -> RunRow | None:
        """Record that a run is due; None if that moment has one already.

        The run is `skipped` when another one of the timer has not ended, unless `overlap`.
        """
        with self._database.transaction():
            before = None if overlap else self._open_run(app, timer)
            status = RunStatus.PENDING if before is None else RunStatus.SKIPPED
            reason = "" if before is None else f"run {before} had not ended"
            return self._insert(app, timer, due, status, reason=reason, manual=manual)

    def miss(self, app: str, timer: str, last: datetime, reason: str) -> RunRow | None:
        """Record that moments up to `last` passed without a run."""
        with self._database.transaction():
            return self._insert(app, timer, last, RunStatus.MISSED, reason=reason)

    def find(self, id: int) -> RunRow | None:
        """Return a run, or None."""
        row = self._database.row("SELECT * FROM timer_runs WHERE id = :id", {"id": id})
        return _run(row) if row else None

    def latest(self, app: str, timer: str, limit: int) -> list[RunRow]:
        """Return runs of a timer, the newest first."""
        rows = self._database.rows(
            "SELECT * FROM timer_runs WHERE app = :app AND timer = :timer"
            " ORDER BY id DESC LIMIT :limit",
            {"app": app, "timer": timer, "limit": limit},
        )
        return [_run(row) for row in rows]

    def open_runs(self) -> list[RunRow]:
        """Return the runs of every app that have not ended, the oldest first."""
        rows = self._database.rows(
            "SELECT * FROM timer_runs WHERE status IN (:pending, :running) ORDER BY id",
            {"pending": RunStatus.PENDING, "running": RunStatus.RUNNING},
        )
        return [_run(row) for row in rows]

    def start(self, id: int, process: str, release: str, started: datetime | None) -> None:
        """Record the process of a run."""
        self._database.write(
            "UPDATE timer_runs SET status = :running, process = :process, release = :release,"
            " started = :started WHERE id = :id AND status = :pending",
            {
                "running": RunStatus.RUNNING,
                "pending": RunStatus.PENDING,
                "process": process,
                "release": release,
                "started": to_text(started),
                "id": id,
            },
        )

    def end(
        self,
        id: int,
        status: RunStatus,
        *,
        exit_code: int | None = None,
        ended: datetime | None = None,
        reason: str = "",
    ) -> bool:
        """Record how a run ended; False if it had ended before."""
        changed = self._database.write(
            "UPDATE timer_runs SET status = :status, exit_code = :code, ended = :ended,"
            " reason = :reason WHERE id = :id AND status IN (:pending, :running)",
            {
                "status": status,
                "code": exit_code,
                "ended": to_text(ended or self._clock.now()),
                "reason": reason,
                "id": id,
                "pending": RunStatus.PENDING,
                "running": RunStatus.RUNNING,
            },
        )
        return changed == 1

    def _open_run(self, app: str, timer: str) -> int | None:
        row = self._database.row(
            "SELECT id FROM timer_runs WHERE app = :app AND timer = :timer"
            " AND status IN (:pending, :running) ORDER BY id DESC LIMIT 1",
            {
                "app": app,
                "timer": timer,
                "pending": RunStatus.PENDING,
                "running": RunStatus.RUNNING,
            },
        )
        return int(row["id"]) if row else None

    def _insert(
        self,
        app: str,
        timer: str,
        due: datetime,
        status: RunStatus,
        *,
        reason: str = "",
        manual: bool = False,
    ) -> RunRow | None:
        now = to_text(self._clock.now())
        changed = self._database.write(
            "INSERT INTO timer_runs (app, timer, created_at, due, status, reason, manual, ended)"
            " VALUES (:app, :timer, :now, :due, :status, :reason, :manual, :ended)"
            " ON CONFLICT (app, timer, due) DO NOTHING",
            {
                "app": app,
                "timer": timer,
                "now": now,
                "due": to_text(due),
                "status": status,
                "reason": reason,
                "manual": int(manual),
                "ended": None if status in OPEN else now,
            },
        )
        self._prune(app, timer)
        return self.latest(app, timer, 1)[0] if changed else None

    def _prune(self, app: str, timer: str) -> None:
        self._database.write(
            "DELETE FROM timer_runs WHERE app = :app AND timer = :timer"
            " AND status NOT IN (:pending, :running) AND id NOT IN (SELECT id FROM timer_runs"
            " WHERE app = :app AND timer = :timer ORDER BY id DESC LIMIT :kept)",
            {
                "app": app,
                "timer": timer,
                "pending": RunStatus.PENDING,
                "running": RunStatus.RUNNING,
                "kept": KEPT,
            },
        )


def _run(row: Row) -> RunRow:
    due = from_text(row["due"])
    assert due is not None  # noqa: S101  the column is NOT NULL
    return RunRow(
        id=row["id"],
        app=row["app"],
        timer=row["timer"],
        due=due,
        status=RunStatus(row["status"]),
        manual=bool(row["manual"]),
        process=row["process"],
        release=row["release"],
        exit_code=row["exit_code"],
        started=from_text(row["started"]),
        ended=from_text(row["ended"]),
        reason=row["reason"],
    )
