"""Whether processes are healthy: every one with a port is asked, all by one thread.

A new process is asked every 100 ms and is up with the first good answer inside its grace;
afterwards its manifest's interval rules and two answers in a row decide, both ways. Who is asked
is the worker's business, and so is what follows from a verdict. probe_check.py is one check;
`Course` is the arithmetic, pure.
"""

from __future__ import annotations

import logging
import selectors
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from threading import Event, Lock, Thread

from convox.core.clock import Clock
from convox.providers.local.desired import Health
from convox.providers.local.observed import Verdict
from convox.providers.local.probe_check import Check, ProbeTarget, Result, tls_contexts

_log = logging.getLogger(__name__)
FAST_S = 0.1
IN_A_ROW = 2
_LONGEST_SLEEP_S = 60.0


@dataclass(frozen=True)
class Course:
    """What the checks of one process have come to, and when the next is due; seconds."""

    health: Health
    began: float
    due: float
    verdict: Verdict = field(default_factory=Verdict)
    good: int = 0
    bad: int = 0

    @property
    def is_known(self) -> bool:
        """Whether it was ever up."""
        return self.verdict.up or self.verdict.failing

    def after(self, result: Result, asked: float, now: float) -> Course:
        """Return the course after a check that was asked at `asked` and ended `now`."""
        good = self.good + 1 if result.healthy else 0
        bad = 0 if result.healthy else self.bad + 1
        in_grace = asked - self.began <= self.health.grace_s
        enough = 1 if in_grace and not self.is_known else IN_A_ROW
        up = good >= enough or (self.verdict.up and bad < IN_A_ROW)
        failing = not up and self.is_known
        verdict = Verdict(probed=True, up=up, failing=failing, note=result.note)
        course = replace(self, verdict=verdict, good=good, bad=bad)
        return replace(course, due=max(now, asked + course._pause(now)))

    def _pause(self, now: float) -> float:
        is_new = not self.is_known and now - self.began <= self.health.grace_s
        return FAST_S if is_new else float(max(1, self.health.interval_s))


@dataclass
class _Watched:
    """A process that is asked, and the check under way."""

    target: ProbeTarget
    course: Course
    changed: Callable[[], None]
    check: Check | None = None
    asked: float = 0.0


class Prober:
    """Asks processes whether they are healthy; any thread may call it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tls = tls_contexts()
        self._lock = Lock()
        self._watched: dict[str, _Watched] = {}
        self._dropped: list[_Watched] = []
        """No longer asked; their checks are closed by the thread that made them."""
        self._stop = Event()
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start asking."""
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._thread = Thread(target=self._run, name="prober")
        self._thread.start()

    def stop(self) -> None:
        """Stop asking."""
        self._stop.set()
        self._wake()
        if self._thread is not None:
            self._thread.join()
        for watched in (*self._watched.values(), *self._dropped):
            self._drop_check(watched)
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def watch(self, target: ProbeTarget, changed: Callable[[], None]) -> None:
        """Ask a process from now on; the same start of the same process is asked once.

        `changed` is called from the prober's thread when the verdict changes; it must not block.
        """
        with self._lock:
            known = self._watched.get(target.id)
            if known is not None and known.target == target:
                return
            now = self._clock.monotonic()
            watched = _Watched(target, Course(target.health, now, now), changed)
            self._watched[target.id] = watched
            if known is not None:
                self._dropped.append(known)
        self._wake()

    def forget(self, ids: Iterable[str]) -> None:
        """Ask these no longer."""
        with self._lock:
            self._dropped += [self._watched.pop(id) for id in ids if id in self._watched]
        self._wake()

    def verdict(self, id: str) -> Verdict:
        """Return what is known of a process."""
        with self._lock:
            watched = self._watched.get(id)
            return watched.course.verdict if watched else Verdict()

    def _wake(self) -> None:
        try:
            self._wake_in.send(b"w")
        except BlockingIOError:
            return

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                watched = list(self._watched.values())
                dropped, self._dropped = self._dropped, []
            for each in dropped:
                self._drop_check(each)
            now = self._clock.monotonic()
            for each in watched:
                self._tend(each, now)
            moments = (self._next_moment(each) for each in watched)
            pause = min(moments, default=now + _LONGEST_SLEEP_S) - self._clock.monotonic()
            self._await_sockets(max(0.0, pause))

    def _tend(self, watched: _Watched, now: float) -> None:
        check = watched.check
        if check is not None:
            if now - watched.asked >= watched.target.health.timeout_s:
                self._finish(watched, check.timed_out())
        elif now >= watched.course.due:
            self._ask(watched, now)

    def _ask(self, watched: _Watched, now: float) -> None:
        watched.asked = now
        try:
            check = Check(watched.target, self._tls)
        except OSError as error:
            _log.warning("cannot ask a process: %s", error)
            watched.course = replace(watched.course, due=now + 1)
            return
        watched.check = check
        self._selector.register(check, check.interest, watched)

    def _await_sockets(self, pause: float) -> None:
        for key, _ in self._selector.select(pause):
            if key.data is None:
                self._wake_out.recv(4096)
            else:
                self._step(key.data)

    def _step(self, watched: _Watched) -> None:
        check = watched.check
        if check is None:
            return
        interest = check.interest
        result = check.step()
        if result is not None:
            self._finish(watched, result)
        elif check.interest != interest:
            self._selector.modify(check, check.interest, watched)

    def _finish(self, watched: _Watched, result: Result) -> None:
        before = watched.course.verdict
        self._drop_check(watched)
        watched.course = watched.course.after(result, watched.asked, self._clock.monotonic())
        after = watched.course.verdict
        if replace(before, note="") != replace(after, note=""):
            watched.changed()

    def _drop_check(self, watched: _Watched) -> None:
        check, watched.check = watched.check, None
        if check is None:
            return
        self._selector.unregister(check)
        check.close()

    def _next_moment(self, watched: _Watched) -> float:
        if watched.check is not None:
            return watched.asked + watched.target.health.timeout_s
        return watched.course.due
