"""Bring one app to what it shall be: observe, plan, apply, and again until nothing is left.

One worker for each app, on a thread of its own, so that a slow or broken app delays no other.
It is woken by calls, by Docker's events, by changed health and by its own timers; a wake-up too
many costs one look. `advance` is one pass and knows no thread. reconciler.py owns the workers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event, Thread

from convox.core.errors import ConvoxError, FailedError, UnavailableError
from convox.providers.local.containers import Container
from convox.providers.local.deletion import Deletion
from convox.providers.local.desired import DesiredApp, DesiredService, as_service
from convox.providers.local.layout import (
    LABEL_APP,
    LABEL_KIND,
    LABEL_RACK,
    LABEL_RELEASE,
    LABEL_RESOURCE,
    LABEL_SERVICE,
    LABEL_SPEC,
)
from convox.providers.local.memory import Memory
from convox.providers.local.observed import (
    SETTLED_S,
    Exits,
    ObservedApp,
    ObservedProcess,
    State,
    Verdict,
    exits_of,
    process_of,
)
from convox.providers.local.plan import link_names, plan
from convox.providers.local.probe_check import ProbeTarget
from convox.providers.local.runner import Parts, Runner
from convox.providers.local.steps import (
    AwaitHealth,
    AwaitTime,
    CreateNetwork,
    JoinRouter,
    StartProcess,
    Step,
    SwitchRoutes,
)
from convox.providers.local.store.apps import AppRow

_log = logging.getLogger(__name__)
RESYNC_S = 120.0
"""An app is looked at so often though nothing was heard of it."""
_RETRY_S = 0.5
_RETRY_MOST_S = 30.0
_PASSES_IN_A_ROW = 100
_KINDS = ("service", "resource")
_NEEDED = (CreateNetwork, JoinRouter, SwitchRoutes)
"""Steps without which no release can be promoted: what refuses them ends a promote."""


class Worker:
    """One app's worker."""

    def __init__(
        self, app: str, parts: Parts, deletion: Deletion, ended: Callable[[str], None]
    ) -> None:
        """Make a worker; nothing runs before `start`.

        Args:
            app: its app.
            parts: what it works with.
            deletion: how an app is deleted.
            ended: called once, from its thread, when the app is gone.
        """
        self.app = app
        self._parts = parts
        self._deletion = deletion
        self._ended = ended
        self._memory = Memory()
        self._runner = Runner(app, parts, self._memory)
        self._woken = Event()
        self._stopping = Event()
        self._failures = 0
        self._thread = Thread(target=self._run, name=f"app {app}")

    def start(self) -> None:
        """Start working."""
        self._thread.start()

    def wake(self) -> None:
        """Look again soon; never blocks."""
        self._woken.set()

    def stop(self) -> None:
        """Ask the thread to end; `join` waits for it."""
        self._stopping.set()
        self._woken.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)

    def exits(self, container: str) -> int:
        """Return how often in a row a process has ended; any thread may ask."""
        return self._memory.exits.get(container, Exits()).count

    def is_leaving(self, container: str) -> bool:
        """Tell whether a process only finishes what it has begun; any thread may ask."""
        return container in self._memory.leaving

    def rejoin(self) -> None:
        """Forget that the router is in the network, and look again."""
        self._memory.joined = None
        self.wake()

    def _run(self) -> None:
        passes = 0
        while not self._stopping.is_set():
            self._woken.clear()
            pause = self._guarded_pass()
            if pause is None:
                self._ended(self.app)
                return
            passes = passes + 1 if pause <= 0 else 0
            if passes > _PASSES_IN_A_ROW:
                _log.error("an app does not settle", extra={"app": self.app})
                pause = 1.0
            if pause > 0:
                self._parts.clock.wait(self._woken, pause)

    def _guarded_pass(self) -> float | None:
        try:
            pause = self.advance()
        except UnavailableError as error:
            return self._failed(error, logging.WARNING)
        except ConvoxError as error:
            return self._failed(error, logging.ERROR)
        except Exception as error:  # noqa: BLE001
            # Whatever it is, the other apps and the next pass go on.
            _log.exception("a pass failed", extra={"app": self.app})
            return self._failed(error, logging.DEBUG)
        self._failures = 0
        return pause

    def _failed(self, error: Exception, level: int) -> float:
        # What was joined or published is not known any more.
        self._memory.joined = None
        _log.log(level, "a pass ended early: %s", error, extra={"app": self.app})
        self._failures += 1
        return min(_RETRY_MOST_S, _RETRY_S * 2.0 ** min(self._failures - 1, 10))

    def advance(self) -> float | None:
        """Do one pass; return for how many seconds nothing is to do, None when the app is gone."""
        row = self._parts.store.apps.find(self.app)
        if row is None:
            self._forget_containers(())
            return None
        if row.deleting:
            self._forget_containers(())
            return self._deletion.advance(row)
        self._announce(row)
        desired = self._parts.wishes.desired(row)
        observed = self._observe(desired, row)
        steps = plan(desired, observed, self._parts.clock.now()).steps
        self._apply(desired, steps)
        return self._pause(steps)

    def _announce(self, row: AppRow) -> None:
        if row.pending == self._memory.announced:
            return
        self._memory.announced = row.pending
        self._memory.faults.clear()
        if row.pending:
            self._parts.logs.system(self.app, f"promoting {row.pending}")

    def _apply(self, desired: DesiredApp, steps: tuple[Step, ...]) -> None:
        self._tell_starts(steps)
        for step in steps:
            if self._stopping.is_set():
                return
            try:
                self._runner.run(step)
            except FailedError as error:
                if not isinstance(step, _NEEDED) or desired.pending is None:
                    raise
                self._runner.refuse(desired.pending.release, error)
                return

    def _tell_starts(self, steps: tuple[Step, ...]) -> None:
        names = [step.service.name for step in steps if isinstance(step, StartProcess)]
        for name in dict.fromkeys(names):
            count = names.count(name)
            noun = "process" if count == 1 else "processes"
            self._parts.logs.system(self.app, f"{name}: starting {count} {noun}")

    def _pause(self, steps: tuple[Step, ...]) -> float:
        if not all(isinstance(step, AwaitHealth | AwaitTime) for step in steps):
            return 0.0
        waits = (step.until for step in steps if isinstance(step, AwaitHealth | AwaitTime))
        now = self._parts.clock.now()
        pauses = ((until - now).total_seconds() for until in waits if until is not None)
        return max(0.001, min((RESYNC_S, *pauses)))

    # Observing

    def _observe(self, desired: DesiredApp, row: AppRow) -> ObservedApp:
        parts, memory = self._parts, self._memory
        labels = {LABEL_RACK: parts.layout.rack, LABEL_APP: self.app}
        containers = [
            c
            for c in parts.engine.containers(labels)
            if c.status != "removing" and c.labels.get(LABEL_KIND) in _KINDS
        ]
        is_first = memory.routes is None
        parts.prober.forget(memory.forget_all_but(c.id for c in containers))
        now = parts.clock.now()
        processes = tuple(self._process(desired, c, now, is_first=is_first) for c in containers)
        joined = (parts.router.container_id, link_names(desired))
        return ObservedApp(
            network=self._has_network(desired, processes),
            joined=memory.joined == joined,
            processes=processes,
            routes=memory.routes,
            faults=dict(memory.faults),
            reason=row.reason,
        )

    def _has_network(self, desired: DesiredApp, processes: tuple[ObservedProcess, ...]) -> bool:
        if self._memory.joined is not None and any(
            process.address and not process.service.startswith(as_service(""))
            for process in processes
        ):
            return True
        labels = self._parts.layout.labels("network", self.app)
        networks = self._parts.engine.networks(labels)
        return any(network.name == desired.network for network in networks)

    def _process(
        self, desired: DesiredApp, container: Container, now: datetime, *, is_first: bool
    ) -> ObservedProcess:
        memory, id = self._memory, container.id
        service = _service_of(desired, container)
        network = self._network_of(desired, container)
        runs = container.status == "running"
        memory.addresses[id] = container.addresses.get(network, "") if runs else ""
        memory.exits[id] = _forgiven(
            exits_of(container, memory.exits.get(id, Exits())), container, now
        )
        if runs:
            self._keep_output(container)
            if is_first:
                memory.served.add(id)
        verdict = self._verdict(desired, container, service) if runs else Verdict()
        process = replace(
            process_of(container, network, service, verdict, now),
            exits=memory.exits[id].count,
            exit_code=memory.exits[id].code,
            oom_killed=memory.exits[id].oom_killed,
            leaving=memory.leaving.get(id),
            served=id in memory.served,
        )
        if service is not None:
            self._tell_health(process, now)
        return process

    def _network_of(self, desired: DesiredApp, container: Container) -> str:
        """Return the network in which a container is reached."""
        resource = container.labels.get(LABEL_RESOURCE)
        if resource:
            return self._parts.layout.resource_network(self.app, resource)
        return desired.network

    def _verdict(
        self, desired: DesiredApp, container: Container, service: DesiredService | None
    ) -> Verdict:
        address = container.addresses.get(self._network_of(desired, container), "")
        leaving = container.id in self._memory.leaving
        if service is None or not service.port or not address or leaving:
            return Verdict()
        target = ProbeTarget(
            container.id,
            address,
            service.port,
            service.resource.speech if service.resource else service.scheme,
            service.health,
            start=str(container.started),
        )
        self._parts.prober.watch(target, self.wake)
        return self._parts.prober.verdict(container.id)

    def _keep_output(self, container: Container) -> None:
        start = (container.id, str(container.started))
        if start not in self._memory.collected:
            self._parts.logs.collect(container)
            self._memory.collected.add(start)

    def _tell_health(self, process: ObservedProcess, now: datetime) -> None:
        if process.state is not State.UP or process.id not in self._memory.rising:
            return
        self._memory.rising.discard(process.id)
        seconds = (now - process.since).total_seconds() if process.since else 0.0
        self._parts.logs.system(self.app, f"{process.service}: healthy after {seconds:.1f} s")

    def _forget_containers(self, ids: tuple[str, ...]) -> None:
        self._parts.prober.forget(self._memory.forget_all_but(ids))


def _service_of(desired: DesiredApp, container: Container) -> DesiredService | None:
    """Return the service that a container runs; a restart changes its digest, not its health."""
    labels = container.labels
    found = [
        service
        for target in (desired.pending, desired.active)
        if target is not None and (service := target.find(labels.get(LABEL_SERVICE, "")))
    ]
    same = [service for service in found if service.spec == labels.get(LABEL_SPEC)]
    kin = [service for service in found if service.release == labels.get(LABEL_RELEASE)]
    return next(iter((*same, *kin)), None)


def _forgiven(exits: Exits, container: Container, now: datetime) -> Exits:
    """Return no exits for a process that has lived long enough."""
    if container.status != "running" or container.started is None:
        return exits
    settled = now - container.started >= timedelta(seconds=SETTLED_S)
    return Exits() if settled else exits
