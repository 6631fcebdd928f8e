"""One thread that reads the output of every container of the rack.

It multiplexes one connection per container with a selector. Each turn takes at most 64 KiB from
each connection, puts the lines of an app in order of time and appends them: a chatty container
slows down its own reading, not the memory of the rack. log_reading.py decides what to ask for;
this module connects, moves bytes and keeps the timers. It never decodes a line.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Event, Thread

from convox.core.clock import Clock
from convox.providers.local.log_app import AppLog
from convox.providers.local.log_reading import Phase, Reading, Subject

log = logging.getLogger(__name__)
_RECEIVE = 64 << 10
_SWEEP_S = 600.0
_CONNECT_S = 2.0


@dataclass(eq=False)
class _Source:
    reading: Reading
    app: AppLog
    due: float = 0.0
    socket: socket.socket | None = None
    is_settled: bool = False


class Collector:
    """Reads what it was told to, until it is told to stop."""

    def __init__(
        self,
        socket_path: str,
        clock: Clock,
        app_log: Callable[[str], AppLog],
        sweep: Callable[[], None],
    ) -> None:
        self._path = socket_path
        self._clock = clock
        self._app_log = app_log
        self._sweep = sweep
        self._changed = Condition()
        self._wanted: dict[str, tuple[Subject, bytes]] = {}
        self._sources: dict[str, _Source] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="convox-logs", daemon=True)
        self._next_sweep = 0.0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and close every connection; what was read is stored."""
        self._stopping.set()
        self._wake()
        if self._thread.ident:
            self._thread.join()
        for source in self._sources.values():
            self._hang_up(source)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def collect(self, subject: Subject, floor: bytes) -> None:
        """Read a container's output from where it was left, not before `floor`; idempotent."""
        with self._changed:
            self._wanted[subject.pid] = (subject, floor)
        self._wake()

    def is_settled(self, pid: str) -> bool:
        """Tell whether everything that a process wrote is stored and no more is awaited."""
        source = self._sources.get(pid)
        return pid not in self._wanted and (source is None or source.is_settled)

    def settle(self, pid: str, timeout_s: float) -> bool:
        """Wait until it is settled; False if that takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self.is_settled(pid), timeout_s)

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake_write, b"w")

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception:  # one broken turn must not end the reading of everything else
                log.exception("collecting logs failed, going on")
                self._clock.wait(self._stopping, 0.5)

    def _turn(self) -> None:
        self._adopt()
        self._connect_due()
        arrived: dict[AppLog, list[tuple[_Source, list[bytes]]]] = {}
        for key, _ in self._selector.select(self._pause_s()):
            if key.data is None:
                os.read(self._wake_read, 4096)
            else:
                lines = self._receive(key.data)
                arrived.setdefault(key.data.app, []).append((key.data, lines))
        for app, brought in arrived.items():
            self._store(app, brought)
        self._settle()
        if self._clock.monotonic() >= self._next_sweep:
            self._sweep_all()

    def _adopt(self) -> None:
        # nothing here may hold the condition while it takes an app's lock: followers do so inside
        with self._changed:
            wanted = dict(self._wanted)
        for pid, (subject, floor) in wanted.items():
            source = self._sources.get(pid)
            app = self._app_log(subject.app)
            if source is None or source.app is not app:
                self._sources[pid] = _Source(Reading(subject, app.cursor(pid), floor), app)
            elif source.socket is None and source.reading.is_new_to(subject):
                source.reading.again(subject)
                source.due, source.is_settled = 0.0, False
        with self._changed:
            for pid, value in wanted.items():
                if self._wanted.get(pid) is value:
                    del self._wanted[pid]
            self._changed.notify_all()

    def _pause_s(self) -> float:
        dues = [s.due for s in self._sources.values() if not (s.socket or s.reading.is_over)]
        return max(0.0, min([*dues, self._next_sweep]) - self._clock.monotonic())

    def _connect_due(self) -> None:
        now = self._clock.monotonic()
        for source in self._sources.values():
            if source.socket is None and not source.reading.is_over and source.due <= now:
                self._connect(source)

    def _connect(self, source: _Source) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(_CONNECT_S)
            connection.connect(self._path)
            connection.sendall(source.reading.request())
        except OSError:
            connection.close()
            self._fail(source)
            return
        connection.setblocking(False)
        source.socket = connection
        self._selector.register(connection, selectors.EVENT_READ, source)

    def _receive(self, source: _Source) -> list[bytes]:
        assert source.socket  # noqa: S101  it is registered
        try:
            data = source.socket.recv(_RECEIVE)
            if data:
                return source.reading.feed(data)
            lines = source.reading.ended()
        except BlockingIOError:
            return []
        except (OSError, ValueError) as error:
            log.warning("reading a container's log failed: %s", error, extra=_named(source))
            self._fail(source)
            return []
        self._hang_up(source)
        source.due = self._clock.monotonic() + source.reading.pause_s
        return lines

    def _store(self, app: AppLog, brought: list[tuple[_Source, list[bytes]]]) -> None:
        lines = [line for _, part in brought for line in part]
        if not lines:
            return
        try:
            app.append(lines)
        except OSError as error:
            # the cursors did not move, so the same lines are asked for again later
            for source, _ in brought:
                log.error("cannot store a log: %s", error, extra=_named(source))
                self._fail(source, is_lost=True)

    def _fail(self, source: _Source, *, is_lost: bool = False) -> None:
        self._hang_up(source)
        if is_lost:
            source.reading.lost()
        else:
            source.reading.failed()
        source.due = self._clock.monotonic() + source.reading.pause_s

    def _hang_up(self, source: _Source) -> None:
        if source.socket:
            self._selector.unregister(source.socket)
            source.socket.close()
            source.socket = None

    def _settle(self) -> None:
        """Let go of what has ended, once its last lines are stored."""
        over = [s for s in self._sources.values() if s.reading.is_over and not s.is_settled]
        if not over:
            return
        with self._changed:
            for source in over:
                source.is_settled = True
            self._changed.notify_all()
        # after the mark, so that a follower which comes between sees it
        for source in over:
            pid = source.reading.subject.pid
            source.app.finish(pid)
            if source.reading.phase is Phase.GONE:
                source.app.drop(pid)
                del self._sources[pid]

    def _sweep_all(self) -> None:
        """Remove old files, and look whether ended containers are still there."""
        self._next_sweep = self._clock.monotonic() + _SWEEP_S
        for source in self._sources.values():
            if source.reading.is_over:
                source.reading.again(source.reading.subject)
        self._sweep()


def _named(source: _Source) -> dict[str, str]:
    return {"app": source.reading.subject.app, "pid": source.reading.subject.pid}
