"""The processes of timers' runs: start one for a recorded run, and note how it ended. Never twice.

A run's container bears the run's number and a name made of it, so that whatever a rack was killed
in the middle of, the next one finds what there is: a container that was never started is started,
one that ran is never started again. Read timers.py for when a run is due.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from convox.core.errors import ConflictError, ConvoxError, NotFoundError, UnavailableError
from convox.manifest.model import Timer
from convox.providers.local.containers import Container, ContainerSpec
from convox.providers.local.layout import LABEL_KIND, LABEL_RUN, LABEL_TIMER
from convox.providers.local.oneoff import GRACE_S, OneOff, is_late, oneoff_spec
from convox.providers.local.process_view import ended_word
from convox.providers.local.runner import Parts
from convox.providers.local.store.timers import RunRow, RunStatus

_log = logging.getLogger(__name__)
_START_LIMIT = timedelta(minutes=1)
"""A recorded run whose process could not be started within this is missed."""


class Creator(Protocol):
    """Makes containers with the network and the volumes they need."""

    def create(self, app: str, spec: ContainerSpec) -> str:
        """Create a container; return its id."""
        ...


class TimerRuns:
    """Starts and ends the processes of runs; any thread may call it."""

    def __init__(self, parts: Parts, creator: Creator) -> None:
        """Join the parts."""
        self._engine = parts.engine
        self._store = parts.store
        self._layout = parts.layout
        self._logs = parts.logs
        self._wishes = parts.wishes
        self._clock = parts.clock
        self._creator = creator
        self._collected: set[int] = set()
        """Runs whose output is being read."""
        self._lock = Lock()
        """Held while a run is started, so that two threads do not start the same one."""

    def launch(self, run: RunRow, timer: Timer) -> None:
        """Start the process of a run, unless it has one.

        Raises:
            UnavailableError: the engine does not answer; the run can be launched later.
        """
        with self._lock:
            current = self._store.timers.find(run.id)
            if current is None or current.status is not RunStatus.PENDING:
                return
            try:
                release, container = self._started(current, timer)
            except UnavailableError:
                raise
            except ConvoxError as error:
                reason = f"it could not be started: {error.wire}"
                self._end(current, RunStatus.FAILED, reason=reason)
                return
            self._collect(run, container)
            self._store.timers.start(run.id, container.pid, release, container.started)
        cause = "by hand" if run.manual else f"due {run.due:%H:%M} UTC"
        self._say(run, f"started {container.pid}, {cause}")

    def settle(self, timers: Mapping[tuple[str, str], Timer]) -> None:
        """Bring every run that has not ended up to date with what the engine says.

        Args:
            timers: those of the active releases, by app and name.

        Raises:
            UnavailableError: the engine does not answer.
        """
        runs = self._store.timers.open_runs()
        if not runs:
            return
        containers = self._containers()
        for run in runs:
            container = containers.get(run.id)
            if run.status is RunStatus.PENDING:
                self._resume(run, timers.get((run.app, run.timer)), container)
            else:
                self._watch(run, container)

    def remove_leftovers(self) -> None:
        """Remove the processes of runs that have ended or are not known; called at start.

        Raises:
            UnavailableError: the engine does not answer.
        """
        found = self._containers()
        known = {run.id for run in self._store.timers.open_runs()}
        for id, container in found.items():
            if id not in known:
                self._engine.remove(container.id)

    def _started(self, run: RunRow, timer: Timer) -> tuple[str, Container]:
        row = self._store.apps.find(run.app)
        release = row.release if row else ""
        if not release:
            raise ConflictError(f"no release of {run.app} is active")
        service = self._wishes.target(run.app, release).find(timer.service)
        if service is None:
            raise NotFoundError(f"service not found: {timer.service}")
        found = self._containers().get(run.id)
        if found is None:
            plain = oneoff_spec(
                self._layout,
                run.app,
                service,
                OneOff(timer.command),
                suffix=f"timer-{run.id}",
                now=self._clock.now(),
            )
            labels = {LABEL_KIND: "timer", LABEL_TIMER: timer.name, LABEL_RUN: str(run.id)}
            spec = replace(plain, labels={**plain.labels, **labels})
            id = self._creator.create(run.app, spec)
        else:
            id = found.id
        if found is None or found.status == "created":
            self._start(id)
        return release, self._engine.inspect(id)

    def _start(self, id: str) -> None:
        """Start a container; one that cannot be started is removed."""
        try:
            self._engine.start(id)
        except UnavailableError:
            raise
        except ConvoxError:
            self._engine.remove(id)
            raise

    def _resume(self, run: RunRow, timer: Timer | None, container: Container | None) -> None:
        """Go on with a run whose start was cut short or not possible."""
        has_begun = container is not None and container.status != "created"
        in_time = self._clock.now() - run.due < _START_LIMIT
        if timer is not None and (has_begun or in_time):
            self.launch(run, timer)
            return
        with self._lock:
            current = self._store.timers.find(run.id)
            if current is None or current.status is not RunStatus.PENDING:
                return
            if container is not None:
                self._engine.remove(container.id)
            reason = "it could not start in its minute" if timer else "the timer is gone"
            self._end(run, RunStatus.MISSED, reason=reason)

    def _watch(self, run: RunRow, container: Container | None) -> None:
        if container is None:
            self._end(run, RunStatus.FAILED, reason="its process was removed")
        elif container.status in ("exited", "dead"):
            self._finish(run, container)
        elif is_late(container, self._clock.now()):
            with suppress(NotFoundError):
                self._engine.stop(container.id, GRACE_S)
                self._finish(run, self._engine.inspect(container.id), "it took longer than it may")
        else:
            self._collect(run, container)

    def _collect(self, run: RunRow, container: Container) -> None:
        if run.id not in self._collected:
            self._collected.add(run.id)
            self._logs.collect(container)

    def _finish(self, run: RunRow, container: Container, reason: str = "") -> None:
        self._collect(run, container)
        self._logs.settle(container.id)
        self._collected.discard(run.id)
        is_good = container.exit_code == 0 and not reason
        if container.oom_killed:
            reason = "it ran out of memory"
        self._end(
            run,
            RunStatus.COMPLETE if is_good else RunStatus.FAILED,
            container=container,
            reason=reason,
        )
        self._engine.remove(container.id)

    def _end(
        self,
        run: RunRow,
        status: RunStatus,
        *,
        container: Container | None = None,
        reason: str = "",
    ) -> None:
        ended = container.finished if container else None
        code = container.exit_code if container else None
        if not self._store.timers.end(run.id, status, exit_code=code, ended=ended, reason=reason):
            return
        self._say(run, _told(status, container, reason))

    def _containers(self) -> dict[int, Container]:
        found = self._engine.containers(self._layout.labels("timer"))
        return {int(container.labels.get(LABEL_RUN) or 0): container for container in found}

    def _say(self, run: RunRow, message: str) -> None:
        self._logs.system(run.app, f"timer {run.timer}: run {run.id}: {message}")


def _told(status: RunStatus, container: Container | None, reason: str) -> str:
    if container is None:
        return f"{status}: {reason}"
    seconds = _seconds(container.started, container.finished)
    word = "complete" if status is RunStatus.COMPLETE else ended_word(container)
    told = f"{word} after {seconds:.1f} s, exit status {container.exit_code}"
    return f"{told}: {reason}" if reason else told


def _seconds(began: datetime | None, ended: datetime | None) -> float:
    return (ended - began).total_seconds() if began and ended else 0.0
