"""One SQLite connection in WAL mode, its schema, and transactions.

Migrations only go forward: each entry of `_MIGRATIONS` runs once, in order, and is never edited
after a release. Writes are durable when `write()` returns. Safe from any thread: one lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from convox.core.errors import FailedError

Value = str | int | float | bytes | None
Row = sqlite3.Row

_MIGRATIONS = (
    """
    CREATE TABLE settings (
        name TEXT PRIMARY KEY, value TEXT NOT NULL, created_at TEXT NOT NULL);
    CREATE TABLE apps (
        name TEXT PRIMARY KEY,
        created_at TEXT NOT NULL,
        generation TEXT NOT NULL,
        locked INTEGER NOT NULL DEFAULT 0,
        parameters TEXT NOT NULL DEFAULT '{}',
        network_cidr TEXT NOT NULL DEFAULT '',
        release TEXT NOT NULL DEFAULT '',
        pending TEXT NOT NULL DEFAULT '',
        pending_since TEXT,
        pending_options TEXT NOT NULL DEFAULT '{}',
        deleting INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '');
    CREATE TABLE services (
        app TEXT NOT NULL REFERENCES apps(name) ON DELETE CASCADE,
        name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        count INTEGER, cpu INTEGER, memory INTEGER,
        restarts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (app, name));
    CREATE TABLE builds (
        id TEXT PRIMARY KEY,
        app TEXT NOT NULL REFERENCES apps(name) ON DELETE CASCADE,
        created_at TEXT NOT NULL,
        description TEXT NOT NULL DEFAULT '', git_sha TEXT NOT NULL DEFAULT '',
        entrypoint TEXT NOT NULL DEFAULT '', manifest TEXT NOT NULL DEFAULT '',
        release TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
        status TEXT NOT NULL, started TEXT, ended TEXT, wildcard_domain INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX builds_by_app ON builds (app, created_at);
    CREATE TABLE releases (
        id TEXT PRIMARY KEY,
        app TEXT NOT NULL REFERENCES apps(name) ON DELETE CASCADE,
        created_at TEXT NOT NULL,
        build TEXT NOT NULL DEFAULT '', env TEXT NOT NULL DEFAULT '',
        manifest TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',
        status TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '');
    CREATE INDEX releases_by_app ON releases (app, created_at);
    """,
    """
    CREATE TABLE timers (
        app TEXT NOT NULL REFERENCES apps(name) ON DELETE CASCADE,
        name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        schedule TEXT NOT NULL,
        seen TEXT NOT NULL,
        PRIMARY KEY (app, name));
    CREATE TABLE timer_runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        app TEXT NOT NULL REFERENCES apps(name) ON DELETE CASCADE,
        timer TEXT NOT NULL,
        created_at TEXT NOT NULL,
        due TEXT NOT NULL,
        status TEXT NOT NULL,
        manual INTEGER NOT NULL DEFAULT 0,
        process TEXT NOT NULL DEFAULT '', release TEXT NOT NULL DEFAULT '',
        exit_code INTEGER, started TEXT, ended TEXT,
        reason TEXT NOT NULL DEFAULT '',
        UNIQUE (app, timer, due));
    CREATE INDEX timer_runs_by_status ON timer_runs (status);
    """,
    """
    CREATE TABLE resources (
        app TEXT NOT NULL REFERENCES apps(name) ON DELETE CASCADE,
        name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        type TEXT NOT NULL,
        password TEXT NOT NULL,
        options TEXT NOT NULL DEFAULT '{}',
        network_cidr TEXT NOT NULL DEFAULT '',
        settled INTEGER NOT NULL DEFAULT 0,
        deleting INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (app, name));
    """,
)


_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


class Database:
    """A connection that any thread may use, one statement or transaction at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, made if it is missing.

        Raises:
            FailedError: it cannot be read, or the disk is full.
        """
        self._lock = RLock()
        # It holds environments and credentials; SQLite gives its side files the same mode.
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._migrate()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise FailedError(
                f"cannot read the rack's state in {path}",
                why=str(error),
                fix="bring the file back from a backup, or uninstall the rack and install it again",
            ) from error

    def close(self) -> None:
        """Close the connection; later calls fail."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group reads and writes; nested calls join the outer one.

        Raises:
            FailedError: the disk is full; nothing was written.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def write(self, sql: str, values: Mapping[str, Value]) -> int:
        """Run one statement; return the number of rows it changed."""
        with self._lock:
            return self._execute(sql, values).rowcount

    def rows(self, sql: str, values: Mapping[str, Value]) -> list[Row]:
        """Return every row."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Mapping[str, Value]) -> Row | None:
        """Return the first row, or None."""
        with self._lock:
            found: Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def _roll_back(self) -> None:
        # SQLite itself rolls back some failures, such as a full disk, and not others.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _execute(self, sql: str, values: Mapping[str, Value] | None = None) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values or {})
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _FULL:
                raise
            raise FailedError(
                "the rack's disk is full", why="nothing was changed", fix="make room on it"
            ) from error

    def _migrate(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(_MIGRATIONS[version:], version + 1):
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA user_version={number}; COMMIT;"
            )


def to_text(moment: datetime | None) -> str | None:
    """Return a moment as sortable text, microseconds always present."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def from_text(text: str | None) -> datetime | None:
    """Return the moment that `to_text` wrote."""
    return datetime.fromisoformat(text) if text else None
