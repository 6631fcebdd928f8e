"""A world in which plans are applied to plain values: processes live, fail and end by a script."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from convox.providers.local.desired import DesiredApp, DesiredService, Health, Target
from convox.providers.local.observed import (
    Fault,
    Leaving,
    ObservedApp,
    ObservedProcess,
    Phase,
    State,
)
from convox.providers.local.plan import plan
from convox.providers.local.steps import (
    AwaitHealth,
    AwaitTime,
    ClearTrouble,
    CreateNetwork,
    DrainProcess,
    FinishPromote,
    JoinRouter,
    RemoveProcess,
    ReportTrouble,
    RestartProcess,
    StartProcess,
    StopProcess,
    SwitchRoutes,
)

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def service(release: str, name: str = "web", **changes: object) -> DesiredService:
    """Return a service of a release with short limits."""
    values: dict[str, object] = {
        "image": f"{name}:{release}",
        "build": f"B{release}",
        "port": 3000,
        "hosts": (f"app-{name}.rack.localhost",),
        "drain_s": 30,
        "grace_s": 10,
        "health": Health(),
        "start_limit_s": 65,
        "spec": f"{name}-{release}",
        **changes,
    }
    return DesiredService(name=name, release=release, **values)  # type: ignore[arg-type]


def target(release: str, *services: DesiredService, **changes: object) -> Target:
    """Return a release of these services, or of one called web."""
    return Target(release, services or (service(release, **changes),))


@dataclass
class World:
    """An app, its processes, and what is behind them."""

    active: Target | None = None
    pending: Target | None = None
    deadline: datetime | None = None
    now: datetime = EPOCH
    processes: dict[str, ObservedProcess] = field(default_factory=dict)
    network: bool = False
    joined: bool = False
    routes: tuple | None = None
    faults: dict = field(default_factory=dict)
    reason: str = ""
    cannot_start: set[str] = field(default_factory=set)
    """Specs whose processes cannot be started."""
    never_up: set[str] = field(default_factory=set)
    """Specs whose processes never become healthy."""
    exits: set[str] = field(default_factory=set)
    """Specs whose processes end at once."""
    ignores_term: set[str] = field(default_factory=set)
    applied: list = field(default_factory=list)
    finished: list = field(default_factory=list)
    _number: int = 0

    @property
    def desired(self) -> DesiredApp:
        return DesiredApp("app", "net", self.active, self.pending, self.deadline)

    @property
    def observed(self) -> ObservedApp:
        return ObservedApp(
            self.network,
            self.joined,
            tuple(self.processes.values()),
            self.routes,
            dict(self.faults),
            self.reason,
        )

    def add(self, service: DesiredService, state: State = State.UP, **changes: object) -> str:
        """Put a process into the world."""
        self._number += 1
        id = f"{self._number:012d}"
        values: dict[str, object] = {
            "address": f"10.0.0.{self._number}",
            "since": self.now,
            "probed": state is not State.STARTING,
            "drain_s": service.drain_s,
            "grace_s": service.grace_s,
            "signal": "SIGTERM",
            "served": state is State.UP,
            **changes,
        }
        self.processes[id] = ObservedProcess(
            id, service.name, service.release, service.spec, state, **values
        )
        return id

    def change(self, id: str, **changes: object) -> None:
        self.processes[id] = replace(self.processes[id], **changes)

    def plan(self):
        return plan(self.desired, self.observed, self.now)

    def settle(self, passes: int = 400) -> None:
        """Plan and apply until nothing is left to do or to wait for."""
        for _ in range(passes):
            steps = self.plan().steps
            if not steps:
                return
            for step in steps:
                self.apply(step)
            if all(isinstance(step, AwaitHealth | AwaitTime) for step in steps):
                self._pass_time(steps)
            self.live()
        raise AssertionError(f"never settles: {self.plan().lines()}")

    def live(self) -> None:
        """Let every process do what its script says."""
        for id, process in list(self.processes.items()):
            if process.state is State.STARTING:
                self._live_one(id, process)

    def _live_one(self, id: str, process: ObservedProcess) -> None:
        if process.spec in self.exits:
            self.change(
                id,
                state=State.EXITED,
                exits=process.exits + 1,
                exit_code=3,
                since=self.now,
                probed=True,
            )
        elif process.spec in self.never_up:
            self.change(id, probed=True, note="GET / answered 503")
        else:
            self.change(id, state=State.UP, probed=True)

    def _pass_time(self, steps: tuple) -> None:
        moments = [step.until for step in steps if step.until is not None]
        self.now = max(self.now, min(moments)) + timedelta(milliseconds=1)

    def forget(self) -> None:
        """Lose what the worker remembers, as a killed rack does."""
        self.routes = None
        self.faults = {}
        for id, process in self.processes.items():
            running = process.state in (State.UP, State.FAILING, State.STARTING)
            self.change(
                id,
                leaving=None,
                exits=0,
                served=running,
                state=State.STARTING if running else process.state,
                probed=not running,
            )

    def apply(self, step: object) -> None:  # noqa: C901, PLR0912  one case a step
        self.applied.append(step)
        match step:
            case CreateNetwork():
                self.network = True
            case JoinRouter():
                self.joined = True
            case StartProcess(service):
                self._start(service)
            case RestartProcess(id):
                address = self.processes[id].address or f"10.0.1.{int(id)}"
                self.change(id, state=State.STARTING, since=self.now, probed=False, address=address)
            case SwitchRoutes(routes):
                self._switch(routes)
            case DrainProcess(id, _, seconds):
                self._leave(id, Phase.DRAINING, seconds)
            case StopProcess(id, _, _, grace):
                self._leave(id, Phase.STOPPING, grace)
                if self.processes[id].spec not in self.ignores_term:
                    self.change(id, state=State.EXITED)
            case RemoveProcess(id):
                del self.processes[id]
            case FinishPromote():
                self._finish(step)
            case ReportTrouble(cause):
                self.reason = cause
            case ClearTrouble():
                self.reason = ""
            case AwaitHealth() | AwaitTime():
                pass
            case _:
                raise AssertionError(step)

    def _start(self, service: DesiredService) -> None:
        assert self.network
        if service.spec in self.cannot_start:
            known = self.faults.get((service.name, service.spec))
            count = known.count + 1 if known else 1
            self.faults[(service.name, service.spec)] = Fault("no such program", self.now, count)
        else:
            self.faults.pop((service.name, service.spec), None)
            self.add(service, State.STARTING)

    def _switch(self, routes: tuple) -> None:
        self.routes = routes
        addresses = {upstream.split(":")[0] for route in routes for upstream in route.upstreams}
        for id, process in self.processes.items():
            if process.address in addresses:
                assert process.leaving is None, "a process that leaves was routed to"
                self.change(id, served=True)

    def _leave(self, id: str, phase: Phase, seconds: int) -> None:
        address = self.processes[id].address
        for route in self.routes or ():
            for upstream in route.upstreams:
                assert not upstream.startswith(f"{address}:"), "it left while it was routed to"
        self.change(id, leaving=Leaving(phase, self.now + timedelta(seconds=seconds)))

    def _finish(self, step: FinishPromote) -> None:
        self.finished.append(step)
        if step.promoted:
            self.active = self.pending
            self.reason = ""
        else:
            self.reason = f"release {step.release} failed: {step.cause}"
        self.pending = self.deadline = None

    def upstreams(self, name: str = "web") -> tuple[str, ...]:
        """Return what the router serves for a service."""
        return next((r.upstreams for r in self.routes or () if r.owner.endswith(f"/{name}")), ())

    def of(self, spec: str) -> list[ObservedProcess]:
        """Return the processes with a digest."""
        return [process for process in self.processes.values() if process.spec == spec]
