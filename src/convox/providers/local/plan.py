"""Compare what an app shall be with what it is, and say what to do next. Pure.

Level-triggered: the plan is what can be done *now*; after it has been applied, or when something
changed, the worker observes and plans again. A promote runs its new processes beside the old
ones, switches all routes in one step when every service is up, and only then is recorded; until
that moment everything that makes up the old release stays. `plan` of an app that is as it shall
be is empty. rolling.py has the rules within a service, steps.py the steps, runner.py does them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from convox.providers.local.caddy import Route
from convox.providers.local.desired import DesiredApp, DesiredService, Target
from convox.providers.local.observed import ObservedApp, ObservedProcess, Phase, State
from convox.providers.local.resource_order import able, deletions, is_kept, ready_restarts
from convox.providers.local.rolling import Moves, Processes, is_late, keep, roll, surges
from convox.providers.local.steps import (
    AwaitTime,
    ClearTrouble,
    CreateNetwork,
    DrainProcess,
    FinishPromote,
    JoinRouter,
    RemoveProcess,
    ReportTrouble,
    StartProcess,
    Step,
    StopProcess,
    SwitchRoutes,
)
from convox.providers.plan import Plan

EXITS_TO_FAIL = 3
"""A promote fails when a new process has ended so often; an app is unwell then, too."""
TROUBLE = "service "
"""How a reason begins that is not a promote's; such a one ends by itself."""


def plan(desired: DesiredApp, observed: ObservedApp, now: datetime) -> Plan[Step]:
    """Return what to do now so that `observed` becomes `desired`."""
    if desired.pending is not None:
        failure = _failure(desired, desired.pending, observed, now)
        if failure is not None:
            return Plan((failure,))
    decided = _decide(desired, observed, now)
    return Plan(
        (
            *_network_steps(desired, observed),
            *deletions(desired, observed),
            *(StartProcess(service) for service in able(decided.starts, observed)),
            *ready_restarts(desired, observed, (s for m in decided.moves for s in m.restarts)),
            *_route_steps(desired, observed, decided),
            *_leave_steps(desired, observed, decided, now),
            *_trouble_steps(desired, observed, decided, now),
            *(wait for moves in decided.moves for wait in moves.waits),
            *_deadline_steps(desired),
        )
    )


@dataclass
class _Decided:
    """The moves of all services together."""

    moves: list[Moves] = field(default_factory=list)
    starts: list[DesiredService] = field(default_factory=list)
    serving: dict[str, Processes] = field(default_factory=dict)
    """What serves now, by service of the active release."""
    next_serving: dict[str, Processes] = field(default_factory=dict)
    """What shall serve when the pending release is switched to."""
    leave: list[ObservedProcess] = field(default_factory=list)
    whole: bool = True
    """Whether every service of the goal is up."""

    def take(self, goal: DesiredService, moves: Moves) -> None:
        self.moves.append(moves)
        self.starts += [goal] * moves.starts
        self.leave += moves.retire


def _decide(desired: DesiredApp, observed: ObservedApp, now: datetime) -> _Decided:
    decided = _Decided()
    active, pending = desired.active, desired.pending
    staying = [p for p in observed.processes if p.leaving is None]
    for name in _names(active, pending):
        ours = tuple(p for p in staying if p.service == name)
        old = active.find(name) if active else None
        new = pending.find(name) if pending else None
        view = _View(observed, name, now)
        if new is not None:
            ours = _decide_promote(decided, view, old, new, ours)
        elif old is not None:
            ours = _decide_active(decided, view, old, ours, is_goal=pending is None)
        decided.leave += ours
    known = set(_names(active, pending))
    decided.leave += [p for p in staying if p.service not in known]
    return decided


@dataclass(frozen=True)
class _View:
    """What the rules of one service need of the observation."""

    observed: ObservedApp
    name: str
    now: datetime

    def leaving(self, others: Processes) -> int:
        """Count the processes of the service that still have to end; `others` are about to."""
        ending = [
            p for p in self.observed.processes if p.service == self.name and p.leaving is not None
        ]
        return sum(1 for p in (*ending, *others) if _ends_slowly(p))


def _decide_promote(
    decided: _Decided,
    view: _View,
    old: DesiredService | None,
    new: DesiredService,
    ours: Processes,
) -> Processes:
    """Decide a service of the pending release; return the processes of neither release."""
    fault = view.observed.faults.get((new.name, new.spec))
    news = tuple(p for p in ours if p.spec == new.spec and p.state is not State.LOST)
    rest = tuple(p for p in ours if p not in news)
    beside = old is None or old.spec == new.spec or surges(new, old.count)
    olds = () if beside or old is None else tuple(p for p in rest if p.release == old.release)
    others = tuple(p for p in rest if p not in olds and (old is None or p.spec != old.spec))
    moves = roll(new, news, olds, fault, view.leaving(others), view.now)
    decided.take(new, moves)
    decided.whole = decided.whole and (moves.ready or is_kept(new))
    decided.next_serving[new.name] = moves.serving
    if not beside:
        decided.serving[new.name] = moves.serving
        return others
    if old is None or old.spec == new.spec:
        decided.serving[new.name] = moves.serving if old else ()
        return rest
    return _decide_active(decided, view, old, rest, is_goal=False)


def _decide_active(
    decided: _Decided, view: _View, service: DesiredService, ours: Processes, *, is_goal: bool
) -> Processes:
    """Decide a service of the active release; return the processes that are not of it."""
    fault = view.observed.faults.get((service.name, service.spec))
    news = tuple(p for p in ours if p.spec == service.spec)
    olds = tuple(p for p in ours if p.spec != service.spec and p.release == service.release)
    others = tuple(p for p in ours if p not in news and p not in olds)
    moves = keep(service, news, olds, fault, view.leaving(others), view.now)
    decided.take(service, moves)
    decided.serving[service.name] = moves.serving
    if is_goal:
        decided.whole = decided.whole and (moves.ready or is_kept(service))
    return others


def _deadline_steps(desired: DesiredApp) -> list[Step]:
    if desired.pending is None or desired.deadline is None:
        return []
    return [AwaitTime(f"give up on {desired.pending.release}", desired.deadline)]


def _network_steps(desired: DesiredApp, observed: ObservedApp) -> list[Step]:
    steps: list[Step] = []
    if not observed.network:
        steps.append(CreateNetwork(desired.network))
    if not observed.joined or not observed.network:
        steps.append(JoinRouter(desired.network, link_names(desired)))
    return steps


def link_names(desired: DesiredApp) -> tuple[str, ...]:
    """Return the names under which the app's processes reach each other through the router."""
    targets = [target for target in (desired.active, desired.pending) if target is not None]
    names = (name for target in targets for service in target.services for name in service.links)
    return tuple(sorted(set(names)))


def _route_steps(desired: DesiredApp, observed: ObservedApp, decided: _Decided) -> list[Step]:
    pending = desired.pending
    if pending is not None and decided.whole:
        routes = _routes(desired, pending, decided.next_serving)
        switch: list[Step] = [SwitchRoutes(routes)] if routes != observed.routes else []
        return [*switch, FinishPromote(pending.release, promoted=True)]
    if observed.routes is None and _unknown_health(desired, observed):
        return []
    routes = _routes(desired, desired.active, decided.serving) if desired.active else ()
    return [SwitchRoutes(routes)] if routes != observed.routes else []


def _unknown_health(desired: DesiredApp, observed: ObservedApp) -> bool:
    """Tell whether a check that has just begun could still find a process healthy.

    After a restart of the rack the router goes on serving what it served; it is not told
    otherwise before every process has been asked once.
    """
    if desired.active is None:
        return False
    specs = {service.spec for service in desired.active.services}
    return any(
        p.state is State.STARTING and not p.probed and p.spec in specs and p.leaving is None
        for p in observed.processes
    )


def _routes(
    desired: DesiredApp, target: Target, serving: dict[str, Processes]
) -> tuple[Route, ...]:
    return tuple(
        Route(
            hosts=service.hosts,
            upstreams=tuple(
                sorted(
                    f"{p.address}:{_port(desired, service, p)}"
                    for p in serving.get(service.name, ())
                )
            ),
            scheme=service.scheme,
            sticky=service.sticky and service.count > 1,
            owner=f"{desired.name}/{service.name}",
            sources=(desired.cidr,) if desired.cidr else (),
        )
        for service in target.services
        if service.hosts
    )


def _port(desired: DesiredApp, service: DesiredService, process: ObservedProcess) -> int:
    """Return the port of a process, which may be of the next release already."""
    coming = desired.pending.find(service.name) if desired.pending else None
    return coming.port if coming is not None and coming.spec == process.spec else service.port


def _leave_steps(
    desired: DesiredApp, observed: ObservedApp, decided: _Decided, now: datetime
) -> list[Step]:
    steps: list[Step] = []
    for process in decided.leave:
        if not _ends_slowly(process):
            steps.append(RemoveProcess(process.id, process.service))
        else:
            steps.append(_leave(desired, process))
    for process in observed.processes:
        if process.leaving is not None:
            steps += _leave_further(process, process.leaving.phase, process.leaving.until, now)
    return steps


def _leave_further(
    process: ObservedProcess, phase: Phase, until: datetime, now: datetime
) -> list[Step]:
    if not _ends_slowly(process):
        return [RemoveProcess(process.id, process.service)]
    if now < until:
        return [AwaitTime(f"see {process.id[:12]} of {process.service} end", until)]
    if phase is Phase.DRAINING:
        return [_stop(process)]
    return [RemoveProcess(process.id, process.service)]


def _leave(desired: DesiredApp, process: ObservedProcess) -> Step:
    # Where the successor waits for the end, waiting on top for a drain would be an outage.
    if process.served and process.drain_s > 0 and not _stops_first(desired, process):
        return DrainProcess(process.id, process.service, process.drain_s)
    return _stop(process)


def _stop(process: ObservedProcess) -> Step:
    return StopProcess(process.id, process.service, process.signal, process.grace_s)


def _ends_slowly(process: ObservedProcess) -> bool:
    return process.state not in (State.EXITED, State.CREATED)


def _stops_first(desired: DesiredApp, process: ObservedProcess) -> bool:
    target = desired.pending or desired.active
    service = target.find(process.service) if target else None
    return service is not None and service.stop_first


@dataclass(frozen=True)
class _Trouble:
    cause: str
    culprit: str = ""


def _failure(
    desired: DesiredApp, pending: Target, observed: ObservedApp, now: datetime
) -> FinishPromote | None:
    """Return the end of a promote that cannot succeed any more."""
    for service in pending.services:
        if is_kept(service):
            continue
        news = [p for p in observed.processes if p.spec == service.spec and p.leaving is None]
        trouble = _start_trouble(service, news, observed) or _late_trouble(service, news, now)
        if trouble is not None:
            return FinishPromote(
                pending.release, promoted=False, cause=trouble.cause, culprit=trouble.culprit
            )
    if desired.deadline is not None and now >= desired.deadline:
        return FinishPromote(
            pending.release, promoted=False, cause="it was not up within the time given"
        )
    return None


def _start_trouble(
    service: DesiredService, processes: Iterable[ObservedProcess], observed: ObservedApp
) -> _Trouble | None:
    fault = observed.faults.get((service.name, service.spec))
    if fault is not None:
        return _Trouble(f"{service.name} could not be started: {fault.message}")
    worst = max(processes, key=lambda p: p.exits, default=None)
    if worst is None or worst.exits < EXITS_TO_FAIL:
        return None
    if worst.oom_killed:
        return _Trouble(
            f"{service.name} ran out of memory again and again: its limit is"
            f" {service.memory_mib} MB",
            worst.id,
        )
    return _Trouble(f"{service.name} keeps exiting, with status {worst.exit_code}", worst.id)


def _late_trouble(
    service: DesiredService, processes: Iterable[ObservedProcess], now: datetime
) -> _Trouble | None:
    for process in processes:
        if is_late(service, process, now):
            note = f": {process.note}" if process.note else ""
            return _Trouble(
                f"{service.name} was not healthy within {service.start_limit_s} s{note}", process.id
            )
    return None


def _trouble_steps(
    desired: DesiredApp, observed: ObservedApp, decided: _Decided, now: datetime
) -> list[Step]:
    if desired.pending is not None or desired.active is None:
        return []
    trouble = _active_trouble(desired.active, observed, now)
    if trouble is not None:
        cause = TROUBLE + trouble.cause
        is_told = observed.reason.startswith(cause)
        return [] if is_told else [ReportTrouble(cause, trouble.culprit)]
    is_over = decided.whole and observed.reason.startswith(TROUBLE)
    return [ClearTrouble()] if is_over else []


def _active_trouble(active: Target, observed: ObservedApp, now: datetime) -> _Trouble | None:
    for service in active.services:
        if is_kept(service):
            continue
        mine = [p for p in observed.processes if p.spec == service.spec and p.leaving is None]
        trouble = _start_trouble(service, mine, observed) or _late_trouble(service, mine, now)
        if trouble is not None:
            return trouble
        for process in mine:
            if process.state is State.FAILING:
                note = f": {process.note}" if process.note else ""
                return _Trouble(f"{service.name} fails its health check{note}", process.id)
    return None


def _names(*targets: Target | None) -> list[str]:
    names = (service.name for target in targets if target for service in target.services)
    return list(dict.fromkeys(names))
