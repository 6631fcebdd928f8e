"""The log of one app: stored lines, how far each container was read, and its followers.

One lock orders appends, cursors and followers, so a line is stored, counted and sent exactly once.
It starts no thread: the collector and `Logs.system` append. Read log_collector.py next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import RLock

from convox.api.types import LogsOptions
from convox.core.clock import Clock
from convox.core.stream import LogFeed
from convox.providers.local.log_cursors import Cursor, Cursors
from convox.providers.local.log_feed import Broadcast, Feed, Selection, rendered
from convox.providers.local.log_files import Position, Segments
from convox.providers.local.log_text import KEY_LENGTH, key_of, nanoseconds

DEFAULT_SINCE = timedelta(minutes=2)


class AppLog:
    """Append, follow, resume."""

    def __init__(self, segments: Segments, clock: Clock) -> None:
        self.lock = RLock()
        self.broadcast = Broadcast()
        self._segments = segments
        self._clock = clock
        self._cursors = Cursors()
        self._cursors.restore(segments.last_lines())
        self._is_removed = False

    def append(self, lines: list[bytes]) -> None:
        """Store lines, in order of time, and send them.

        Raises:
            OSError: the disk did not take them; nothing was stored or sent.
        """
        lines.sort(key=lambda line: line[:KEY_LENGTH])
        with self.lock:
            if self._is_removed:
                return
            self._segments.append(lines, self._cursors.encode)
            for line in lines:
                self._cursors.note(line)
            self.broadcast.publish(lines)

    def cursor(self, pid: str) -> Cursor:
        """Return how far a process was read."""
        with self.lock:
            return self._cursors.of(pid)

    def finish(self, pid: str) -> None:
        """End the followers of a process that will not write again."""
        with self.lock:
            self.broadcast.end(pid)

    def drop(self, pid: str) -> None:
        """Forget how far a process was read whose container is gone."""
        with self.lock:
            self._cursors.drop(pid)

    def feed(self, options: LogsOptions, pid: str, is_over: Callable[[], bool]) -> LogFeed:
        """Return a feed; `is_over` tells whether the process asked for has ended for good."""
        since = DEFAULT_SINCE if options.since is None else options.since
        selection = Selection(
            prefix=bool(options.prefix), needle=(options.filter or "").encode(), pid=pid
        )
        window = _Window(self, key_of(_earlier(self._clock, since)), is_over)
        return Feed(window, selection, is_following=options.follow is not False)

    def sweep(self, oldest_ns: int) -> None:
        """Remove what is older than a moment."""
        with self.lock:
            self._segments.sweep(oldest_ns)

    def close(self) -> None:
        """End every follower and close the file."""
        with self.lock:
            self.broadcast.end()
            self._segments.close()

    def remove(self) -> None:
        """End every follower and delete the files; later appends are ignored."""
        with self.lock:
            self.broadcast.end()
            self._segments.remove()
            self._is_removed = True

    def seek(self, key: bytes) -> Position:
        """Return a place before every line since a key."""
        return self._segments.seek(nanoseconds(key))

    def end(self) -> Position:
        """Return the place behind the last line."""
        with self.lock:
            return self._segments.end()

    def read(self, start: Position, end: Position, since: bytes) -> Iterator[list[bytes]]:
        """Yield stored lines in order of time."""
        return self._segments.read(start, end, since)


class _Window:
    """An app's log since a moment."""

    def __init__(self, app: AppLog, since: bytes, is_over: Callable[[], bool]) -> None:
        self.lock = app.lock
        self.broadcast = app.broadcast
        self._app = app
        self._since = since
        self._is_over = is_over

    def begin(self) -> Position:
        return self._app.seek(self._since)

    def end(self) -> Position:
        return self._app.end()

    def replay(self, start: Position, end: Position, selection: Selection) -> Iterator[bytes]:
        return rendered(self._app.read(start, end, self._since), selection)

    def is_over(self, selection: Selection) -> bool:
        return bool(selection.pid) and self._is_over()


def _earlier(clock: Clock, since: timedelta) -> datetime:
    return clock.now() - since
