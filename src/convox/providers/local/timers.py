"""The timers of apps: the calls about them, and the thread that runs them when they are due.

The thread looks at every active release's timers at each minute that one of them comes, and when
a run has ended; otherwise it sleeps, and looks every few seconds whether another release is active.
Time is looked at, never counted: a machine that slept, or a rack that was down, finds that moments
have passed, reports them and does not make up for them. timer_plan.py decides, timer_runs.py runs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from threading import Event, Thread

from convox.api.types import ListOptions, Timer, TimerRun
from convox.core.errors import ConflictError, ConvoxError, InvalidError, NotFoundError
from convox.manifest import model
from convox.providers.local import cron
from convox.providers.local.apps import require_app
from convox.providers.local.runner import Parts
from convox.providers.local.store.timers import RunRow, RunStatus
from convox.providers.local.timer_plan import look
from convox.providers.local.timer_runs import TimerRuns

_log = logging.getLogger(__name__)
_LOOK_S = 5.0
"""How long a change of the active release may go unnoticed."""
_LIMIT = 10
Known = Mapping[tuple[str, str], model.Timer]
"""Timers of active releases, by app and name."""


class Timers:
    """The noun of the contract, and the scheduler."""

    def __init__(self, parts: Parts, runs: TimerRuns) -> None:
        """Join the parts; nothing runs before `start`."""
        self._store = parts.store
        self._logs = parts.logs
        self._wishes = parts.wishes
        self._clock = parts.clock
        self._runs = runs
        self._stopping = Event()
        self._woken = Event()
        self._is_first = True
        self._schedules: dict[str, cron.Schedule] = {}
        self._thread = Thread(target=self._run, name="convox-timers", daemon=True)

    def start(self) -> None:
        """Run timers from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Start no more runs; processes of runs go on, and are heard of by the next rack."""
        self._stopping.set()
        self._woken.set()
        if self._thread.ident:
            self._thread.join()

    def wake(self) -> None:
        """Look again soon; never blocks."""
        self._woken.set()

    # Calls

    def timer_list(self, app: str) -> tuple[Timer, ...]:
        """Return the timers of the active release, in the manifest's order, each with its state."""
        now = self._clock.now()
        return tuple(self._view(app, timer, now) for timer in self._timers(app))

    def timer_runs(self, app: str, name: str, opts: ListOptions) -> tuple[TimerRun, ...]:
        """Return runs of a timer, newest first; those of a timer that is gone, too."""
        limit = _LIMIT if opts.limit is None else opts.limit
        if limit < 0:
            raise InvalidError(f"limit can not be negative: {limit}")
        known = [timer.name for timer in self._timers(app)]
        found = self._store.timers.latest(app, name, limit)
        if not found and name not in known:
            raise _unknown(name, known)
        return tuple(_run_of(row) for row in found)

    def timer_run(self, app: str, name: str) -> TimerRun:
        """Run a timer now, whatever its schedule says.

        Raises:
            ConflictError: it is running and may not overlap.
        """
        timers = {timer.name: timer for timer in self._timers(app)}
        if name not in timers:
            raise _unknown(name, list(timers))
        timer = timers[name]
        with self._store.database.transaction():
            run = self._store.timers.claim(
                app, name, self._clock.now(), manual=True, overlap=_overlaps(timer)
            )
            if run is None or run.status is RunStatus.SKIPPED:
                reason = run.reason if run else "it was run at this very moment"
                raise ConflictError(
                    f"timer {name} is running: {reason}",
                    fix=f"wait for it, or let runs overlap: concurrency: allow in timer {name}",
                )
        self._runs.launch(run, timer)
        now = self._store.timers.find(run.id) or run
        return _run_of(now)

    # The scheduler

    def turn(self) -> float:
        """Do what is due; return for how many seconds nothing is.

        Raises:
            UnavailableError: the engine does not answer.
        """
        known = self._known()
        claimed = [run for key, timer in known.items() if (run := self._claim(key[0], timer))]
        for run in claimed:
            self._runs.launch(run, known[(run.app, run.timer)])
        if self._is_first:
            self._runs.remove_leftovers()
            self._is_first = False
        self._runs.settle(known)
        return self._pause(known)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            pause = _LOOK_S
            try:
                pause = self.turn()
            except ConvoxError as error:
                _log.warning("timers: %s", error.wire)
            except Exception:  # noqa: BLE001  whatever it is, the next minute's runs must go on
                _log.exception("a look at the timers failed")
            self._clock.wait(self._woken, pause)

    def _known(self) -> dict[tuple[str, str], model.Timer]:
        known = {}
        for row in self._store.apps.all():
            if row.deleting:
                continue
            timers = self._timers_of(row.name, row.release)
            self._store.timers.forget_all_but(row.name, frozenset(t.name for t in timers))
            known.update({(row.name, timer.name): timer for timer in timers})
        return known

    def _claim(self, app: str, timer: model.Timer) -> RunRow | None:
        """Record what has come of a timer's schedule; return a run that shall start now."""
        now, store = self._clock.now(), self._store.timers
        seen = store.seen(app, timer.name, timer.schedule)
        if seen is None:
            store.see(app, timer.name, timer.schedule, now)
            return None
        found = look(self._schedule(timer.schedule), seen, now)
        if not found.missed and found.due is None:
            return None
        with self._store.database.transaction():
            if found.last is not None:
                store.miss(app, timer.name, found.last, found.sentence)
            overlap = _overlaps(timer)
            run = store.claim(app, timer.name, found.due, overlap=overlap) if found.due else None
            store.see(app, timer.name, timer.schedule, found.due or now)
        if found.missed:
            self._logs.system(app, f"timer {timer.name}: {found.sentence}")
        if run is None or run.status is RunStatus.PENDING:
            return run
        self._logs.system(app, f"timer {timer.name}: left out at {run.due:%H:%M}: {run.reason}")
        return None

    def _pause(self, known: Known) -> float:
        now = self._clock.now()
        pauses = [_LOOK_S]
        for timer in known.values():
            moment = self._schedule(timer.schedule).next(now)
            if moment is not None:
                pauses.append((moment - now).total_seconds())
        return max(0.0, min(pauses))

    def _timers(self, app: str) -> tuple[model.Timer, ...]:
        return self._timers_of(app, require_app(self._store, app).release)

    def _timers_of(self, app: str, release: str) -> tuple[model.Timer, ...]:
        found = self._store.releases.find(app, release) if release else None
        return self._wishes.manifest(found).timers if found else ()

    def _schedule(self, expression: str) -> cron.Schedule:
        known = self._schedules.get(expression)
        if known is None:
            known = self._schedules[expression] = cron.schedule(expression)
        return known

    def _view(self, app: str, timer: model.Timer, now: datetime) -> Timer:
        rows = self._store.timers.latest(app, timer.name, 1)
        return Timer(
            name=timer.name,
            command=timer.command,
            concurrency=timer.concurrency or "forbid",
            last=_run_of(rows[0]) if rows else None,
            next=self._schedule(timer.schedule).next(now),
            schedule=timer.schedule,
            service=timer.service,
        )


def _overlaps(timer: model.Timer) -> bool:
    return timer.concurrency == "allow"


def _unknown(name: str, known: list[str]) -> NotFoundError:
    names = ", ".join(known)
    return NotFoundError(
        f"timer not found: {name}", fix=f"the timers are {names}" if names else "there are none"
    )


def _run_of(row: RunRow) -> TimerRun:
    return TimerRun(
        id=row.id,
        app=row.app,
        timer=row.timer,
        due=row.due,
        ended=row.ended,
        exit_code=row.exit_code,
        manual=row.manual,
        process=row.process,
        reason=row.reason,
        release=row.release,
        started=row.started,
        status=row.status,
    )
