"""The logs of a local rack: what containers write, what the rack says, what builds print.

Everything is kept in files under the rack's folder, so that it outlives its containers, and is
capped by age (`LogRetention`, days) and by size for each app. One thread collects; followers cost
no thread. This module only joins the parts: log_collector.py reads containers, log_app.py stores
and sends, log_builds.py keeps builds, log_feed.py joins history and what is new, log_text.py says
what is altered in a line and why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Protocol

from convox.api.types import LogsOptions
from convox.core.clock import Clock
from convox.core.errors import NotFoundError
from convox.core.stream import LogFeed
from convox.providers.local.containers import Container
from convox.providers.local.engine_values import LogEntry
from convox.providers.local.layout import (
    LABEL_APP,
    LABEL_RESOURCE,
    LABEL_SERVICE,
    LABEL_TIMER,
    Layout,
)
from convox.providers.local.log_app import AppLog
from convox.providers.local.log_builds import BuildLog, FinishedBuildLog
from convox.providers.local.log_collector import Collector
from convox.providers.local.log_feed import Feed, Selection
from convox.providers.local.log_files import Segments
from convox.providers.local.log_reading import Subject
from convox.providers.local.log_text import clean, key_of, nanoseconds, stored

log = logging.getLogger(__name__)
DEFAULT_RETENTION_DAYS = 7
_LONGEST_DAYS = 3650
_RACK = "_rack"
"""Folder of the rack's own log; no app can have this name."""


class LogLines(Protocol):
    """Lines of a container, read once."""

    def __iter__(self) -> Iterator[LogEntry]:
        """Yield the lines."""
        ...

    def close(self) -> None:
        """End the reading."""
        ...


class LogEngine(Protocol):
    """What is needed of the engine; `Engine` has it."""

    @property
    def socket_path(self) -> str:
        """Path of the engine's socket."""
        ...

    def logs(
        self,
        id: str,
        *,
        since: datetime | None = None,
        follow: bool = False,
        tail: int | None = None,
    ) -> LogLines:
        """Return a reader of what a container wrote."""
        ...


class Logs:
    """Collect, keep, follow."""

    def __init__(
        self,
        engine: LogEngine,
        layout: Layout,
        clock: Clock,
        *,
        retention_days: Callable[[str], int] = lambda _: DEFAULT_RETENTION_DAYS,
    ) -> None:
        """Join the parts; nothing runs before `start`.

        Args:
            engine: where containers are read.
            layout: where files go.
            clock: time of the rack's own lines, and of windows.
            retention_days: days that the log of an app is kept; "" is the rack.
        """
        self._engine = engine
        self._layout = layout
        self._clock = clock
        self._retention_days = retention_days
        self._lock = Lock()
        self._apps: dict[str, AppLog] = {}
        self._builds: dict[str, BuildLog] = {}
        self._collector = Collector(engine.socket_path, clock, self._app, self._sweep)

    def start(self) -> None:
        """Start collecting."""
        self._collector.start()

    def stop(self) -> None:
        """Stop collecting and end every follower."""
        self._collector.stop()
        for app in list(self._apps.values()):
            app.close()
        for build in list(self._builds.values()):
            build.close()

    def system(self, app: str, message: str) -> None:
        """Write lines of the rack itself into an app's log; "" is the rack's own."""
        stream = f"system/local/{app or self._layout.rack}".encode()
        key = key_of(self._clock.now())
        lines = [stored(key, stream, line.encode()) for line in message.splitlines()]
        try:
            self._app(app).append(lines)
        except OSError as error:
            # a full disk must not stop the work that this line tells about
            log.error("cannot store a log: %s", error, extra={"app": app})

    def collect(self, container: Container) -> None:
        """Begin reading a container's output into its app's log; idempotent.

        Call it when a container was created or started, and for all of them when the rack starts:
        reading goes on where it was left, without loss and without a line twice.
        """
        app, timer = container.labels[LABEL_APP], container.labels.get(LABEL_TIMER)
        source = f"timer/{timer}" if timer else f"service/{container.labels[LABEL_SERVICE]}"
        if resource := container.labels.get(LABEL_RESOURCE):
            source = f"resource/{resource}"
        stream = f"{source}/{container.pid}"
        subject = Subject(container.id, app, stream, container.tty, container.started)
        self._collector.collect(subject, self._oldest(app))

    def settle(self, container_id: str, timeout_s: float = 5.0) -> bool:
        """Wait until all output of an ended container is stored; call before removing it."""
        return self._collector.settle(container_id[:12], timeout_s)

    def feed(self, app: str, options: LogsOptions, *, pid: str = "") -> LogFeed:
        """Return the log of an app, or of one process; the latter ends with the process."""
        return self._app(app).feed(options, pid, lambda: self._collector.is_settled(pid))

    def rack_feed(self, options: LogsOptions) -> LogFeed:
        """Return the rack's own log."""
        return self.feed("", options)

    def tail(self, container_id: str, count: int) -> list[str]:
        """Return the last lines of a container, straight from the engine, as text.

        Complete as soon as the container has ended; empty if it is gone.
        """
        with suppress(NotFoundError):
            reader = self._engine.logs(container_id, tail=count)
            try:
                return [clean(entry.line).decode(errors="replace") for entry in reader][-count:]
            finally:
                reader.close()
        return []

    def build(self, build_id: str) -> BuildLog:
        """Open the log of a build for writing, at its end; the caller closes it."""
        with self._lock:
            current = self._builds.get(build_id)
            if current is None or current.is_closed:
                current = BuildLog(self._build_path(build_id))
                self._builds = {id: b for id, b in self._builds.items() if not b.is_closed}
                self._builds[build_id] = current
            return current

    def build_feed(self, build_id: str, options: LogsOptions) -> LogFeed:
        """Return the log of a build from its beginning; stays open until that is closed."""
        is_following = options.follow is not False
        with self._lock:
            current = self._builds.get(build_id)
        if current is None or current.is_closed:
            finished = FinishedBuildLog(self._build_path(build_id))
            return Feed(finished, Selection(), is_following=is_following)
        return Feed(current, Selection(), is_following=is_following)

    def forget(self, app: str) -> None:
        """Delete the log of an app and end its followers."""
        log_of_app = self._app(app)
        with self._lock:
            self._apps.pop(app, None)
        log_of_app.remove()

    def forget_build(self, build_id: str) -> None:
        """Delete the log of a build and end its followers."""
        with self._lock:
            current = self._builds.pop(build_id, None)
        if current is not None:
            current.close()
        self._build_path(build_id).unlink(missing_ok=True)

    def _app(self, name: str) -> AppLog:
        with self._lock:
            if name not in self._apps:
                folder = self._layout.logs / (name or _RACK)
                self._apps[name] = AppLog(Segments(folder, self._clock), self._clock)
            return self._apps[name]

    def _build_path(self, build_id: str) -> Path:
        return self._layout.build_logs / f"{build_id}.log"

    def _oldest(self, app: str) -> bytes:
        days = min(max(1, self._retention_days(app)), _LONGEST_DAYS)
        return key_of(self._clock.now() - timedelta(days=days))

    def _sweep(self) -> None:
        """Remove what is older than it must be kept, of deleted apps too."""
        for folder in self._layout.logs.glob("*"):
            app = "" if folder.name == _RACK else folder.name
            oldest = nanoseconds(self._oldest(app))
            with self._lock:
                known = self._apps.get(app)
            if known is not None:
                known.sweep(oldest)
            else:
                Segments(folder, self._clock).sweep(oldest)
