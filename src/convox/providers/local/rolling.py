"""How one service gets from the processes it has to those it shall have. Pure.

A service rolls: *news* are processes as they shall be, *olds* do the same work but shall go.
`minimum` and `maximum` percent bound how many are up and how many exist on the way. Read plan.py
for how the services of an app go together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from convox.providers.local.desired import DesiredService
from convox.providers.local.observed import (
    ALIVE_S,
    Fault,
    ObservedProcess,
    State,
    backoff_s,
)
from convox.providers.local.steps import AwaitHealth, AwaitTime, RestartProcess

Processes = tuple[ObservedProcess, ...]
_KEPT_LAST = (State.EXITED, State.LOST, State.CREATED, State.STARTING, State.FAILING, State.UP)


@dataclass(frozen=True)
class Moves:
    """What to do next for one service."""

    starts: int = 0
    restarts: tuple[RestartProcess, ...] = ()
    waits: tuple[AwaitHealth | AwaitTime, ...] = ()
    retire: Processes = ()
    serving: Processes = ()
    """Those that requests shall go to."""
    ready: bool = False
    """Whether as many as wanted are up."""


def surges(goal: DesiredService, old_count: int) -> bool:
    """Tell whether all new processes may run beside all old ones."""
    return goal.count + old_count <= _allowed(goal, max(goal.count, old_count))


def keep(
    goal: DesiredService,
    news: Processes,
    olds: Processes,
    fault: Fault | None,
    leaving: int,
    now: datetime,
) -> Moves:
    """Return the moves that keep a service as it shall be, replacing what is unwell.

    Args:
        goal: what shall run.
        news: its processes with the right digest.
        olds: its processes of the same release with another digest.
        fault: why the last start of one failed.
        leaving: how many of its processes are on their way out.
        now: the time.
    """
    hopeless = tuple(p for p in news if _hopeless(goal, p, now))
    rest = tuple(p for p in news if p not in hopeless)
    sick = tuple(p for p in rest if p.state is State.FAILING)
    fit = tuple(p for p in rest if p.state is not State.FAILING)
    spare = _spare(sick, goal.count - len(_up(fit)))
    stay = tuple(p for p in sick if p not in spare)
    moves = roll(goal, fit, (*olds, *stay), fault, leaving + len(hopeless) + len(spare), now)
    return Moves(
        starts=moves.starts,
        restarts=moves.restarts,
        waits=moves.waits,
        retire=(*hopeless, *spare, *moves.retire),
        serving=moves.serving or tuple(p for p in stay if p not in moves.retire),
        ready=moves.ready,
    )


def roll(
    goal: DesiredService,
    news: Processes,
    olds: Processes,
    fault: Fault | None,
    leaving: int,
    now: datetime,
) -> Moves:
    """Return the moves that replace `olds` by `news`, within the service's bounds."""
    surplus = _surplus(news, len(news) - goal.count)
    kept = tuple(p for p in news if p not in surplus)
    ready = len(_up(kept)) >= goal.count
    base = max(goal.count, len(olds))
    present = len(kept) + len(olds) + (leaving if goal.stop_first else 0)
    missing = goal.count - len(kept)
    room = max(0, min(missing, _allowed(goal, base) - present))
    retry = _retry_at(fault)
    held = retry is not None and now < retry
    retire = olds if ready else _make_room(goal, kept, olds, missing - room)
    waits = _waits(goal, kept, now)
    if held and retry is not None and missing:
        waits = (*waits, AwaitTime(f"start {goal.name} again", retry))
    return Moves(
        starts=0 if held else room,
        restarts=tuple(_restart(goal, p) for p in kept if _startable(p, now)),
        waits=waits,
        retire=(*surplus, *retire),
        serving=_serving(goal, kept, tuple(p for p in olds if p not in retire), ready=ready),
        ready=ready,
    )


def is_late(goal: DesiredService, process: ObservedProcess, now: datetime) -> bool:
    """Tell whether a process has had all its time to become healthy."""
    if process.since is None or process.state not in (State.STARTING, State.FAILING):
        return False
    return now - process.since > timedelta(seconds=goal.start_limit_s)


def _allowed(goal: DesiredService, base: int) -> int:
    """Return how many processes may exist at once; always enough to make progress."""
    allowed = max(1, goal.count, base * goal.maximum // 100)
    stuck = allowed <= base and _needed(goal) >= base
    return base + 1 if stuck else allowed


def _needed(goal: DesiredService) -> int:
    return -(-goal.count * goal.minimum // 100)


def _hopeless(goal: DesiredService, process: ObservedProcess, now: datetime) -> bool:
    late = process.state is State.STARTING and is_late(goal, process, now)
    return late or process.state is State.LOST


def _make_room(goal: DesiredService, news: Processes, olds: Processes, wanted: int) -> Processes:
    """Return the olds that go so that `wanted` news can start, keeping enough of them up."""
    if wanted <= 0:
        return ()
    spare_up = max(0, len(_up(olds)) + len(_up(news)) - _needed(goal))
    down = tuple(p for p in olds if p.state is not State.UP)
    going = (*down, *_up(olds)[:spare_up])
    return going[:wanted]


def _serving(goal: DesiredService, news: Processes, olds: Processes, *, ready: bool) -> Processes:
    if ready or not _up(olds):
        return _up(news)
    is_enough = len(_up(olds)) >= goal.count
    return _up(olds) if is_enough else (*_up(olds), *_up(news))


def _spare(sick: Processes, keep: int) -> Processes:
    return _surplus(sick, len(sick) - max(0, keep))


def _surplus(processes: Processes, count: int) -> Processes:
    """Return the `count` that matter least: those worst off, then the youngest."""
    youngest_first = sorted(processes, key=_age_key)[::-1]
    ranked = sorted(youngest_first, key=lambda p: _KEPT_LAST.index(p.state))
    return tuple(ranked[: max(0, count)])


def _age_key(process: ObservedProcess) -> float:
    return process.since.timestamp() if process.since else 0.0


def _up(processes: Processes) -> Processes:
    return tuple(p for p in processes if p.state is State.UP)


def _startable(process: ObservedProcess, now: datetime) -> bool:
    if process.state is State.CREATED:
        return True
    due = process.retry_at is None or now >= process.retry_at
    return process.state is State.EXITED and due


def _restart(goal: DesiredService, process: ObservedProcess) -> RestartProcess:
    return RestartProcess(process.id, process.service, process.spec, goal.networks)


def _retry_at(fault: Fault | None) -> datetime | None:
    return fault.at + timedelta(seconds=backoff_s(fault.count)) if fault else None


def _waits(
    goal: DesiredService, processes: Processes, now: datetime
) -> tuple[AwaitHealth | AwaitTime, ...]:
    waits: list[AwaitHealth | AwaitTime] = []
    for process in processes:
        if process.state in (State.STARTING, State.FAILING):
            waits.append(AwaitHealth(goal.name, process.id, _until(goal, process, now)))
        elif process.state is State.EXITED and not _startable(process, now):
            assert process.retry_at is not None  # noqa: S101  it would be startable
            waits.append(AwaitTime(f"start {process.id[:12]} again", process.retry_at))
    return tuple(waits)


def _until(goal: DesiredService, process: ObservedProcess, now: datetime) -> datetime | None:
    if process.since is None:
        return None
    alive = process.since + timedelta(seconds=ALIVE_S)
    if not goal.port and now < alive:
        return alive
    return process.since + timedelta(seconds=goal.start_limit_s + 0.001)
