"""Do the steps of an app's plan: the only code that changes Docker, the router and the store.

Every step may be cut short by a kill and may be done twice. What the engine refuses for good is
remembered as a fault, from which the next plan draws its conclusion; that the engine or the
router does not answer ends the pass, and the worker tries again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from convox.core.clock import Clock
from convox.core.errors import ConvoxError, FailedError, NotFoundError, UnavailableError
from convox.providers.local.caddy import Route
from convox.providers.local.containers import ContainerSpec
from convox.providers.local.desired import CAPABILITIES, DesiredService
from convox.providers.local.engine import Engine
from convox.providers.local.engine_values import Image
from convox.providers.local.layout import (
    LABEL_BUILD,
    LABEL_DRAIN,
    LABEL_GRACE,
    LABEL_RELEASE,
    LABEL_RESOURCE,
    LABEL_SERVICE,
    LABEL_SIGNAL,
    LABEL_SPEC,
    Layout,
)
from convox.providers.local.logs import Logs
from convox.providers.local.memory import Memory
from convox.providers.local.networks import Networks
from convox.providers.local.observed import Fault, Leaving, Phase
from convox.providers.local.outcomes import Outcomes
from convox.providers.local.probes import Prober
from convox.providers.local.router import Router
from convox.providers.local.steps import (
    AwaitHealth,
    AwaitTime,
    ClearTrouble,
    CreateNetwork,
    DeleteResource,
    DrainProcess,
    FinishPromote,
    JoinRouter,
    RemoveProcess,
    ReportTrouble,
    RestartProcess,
    StartProcess,
    Step,
    StopProcess,
    SwitchRoutes,
)
from convox.providers.local.store import Store
from convox.providers.local.wishes import Wishes


@dataclass(frozen=True)
class Parts:
    """What the workers of a rack share."""

    engine: Engine
    store: Store
    layout: Layout
    logs: Logs
    router: Router
    networks: Networks
    prober: Prober
    wishes: Wishes
    clock: Clock


class Runner:
    """Does steps for one app; used by one thread."""

    def __init__(self, app: str, parts: Parts, memory: Memory) -> None:
        self._app = app
        self._parts = parts
        self._memory = memory
        self._outcomes = Outcomes(app, parts.store, parts.logs, parts.wishes)

    def run(self, step: Step) -> None:  # noqa: C901, PLR0912  one case for each step
        """Do one step.

        Raises:
            UnavailableError: the engine or the router does not answer.
            ConvoxError: the network cannot be made, or the router refuses the routes.
        """
        match step:
            case CreateNetwork():
                self._parts.networks.ensure(self._app)
            case JoinRouter(network, aliases):
                self._join(network, aliases)
            case StartProcess(service):
                self._attempt(service.name, service.spec, lambda: self._start(service))
            case RestartProcess(id, service_name, spec, networks):
                self._attempt(service_name, spec, lambda: self._restart(id, networks))
            case SwitchRoutes(routes):
                self._switch(routes)
            case DrainProcess(id, _, seconds):
                self._leave(id, Phase.DRAINING, seconds)
            case StopProcess(id, _, signal, grace_s):
                with suppress(NotFoundError):
                    self._parts.engine.kill(id, signal)
                self._leave(id, Phase.STOPPING, grace_s)
            case RemoveProcess(id):
                self._remove(id)
            case DeleteResource(name):
                self._delete_resource(name)
            case FinishPromote():
                self._outcomes.finish(step)
            case ReportTrouble(cause, culprit):
                self._outcomes.report(cause, culprit)
            case ClearTrouble():
                self._outcomes.clear()
            case AwaitHealth() | AwaitTime():
                pass
            case _:
                assert_never(step)

    def refuse(self, release: str, error: ConvoxError) -> None:
        """Record that a promote failed for a reason outside its processes."""
        self._outcomes.finish(FinishPromote(release, promoted=False, cause=error.wire))

    def _join(self, network: str, aliases: tuple[str, ...]) -> None:
        router = self._parts.router
        if not router.container_id:
            raise UnavailableError("the router does not run")
        router.join(network, aliases)
        self._memory.joined = (router.container_id, aliases)

    def _attempt(self, service: str, spec: str, start: Callable[[], None]) -> None:
        key = (service, spec)
        try:
            start()
        except UnavailableError:
            raise
        except ConvoxError as error:
            known = self._memory.faults.get(key)
            count = known.count + 1 if known else 1
            self._memory.faults[key] = Fault(error.why or error.what, self._now(), count)
            self._parts.logs.system(self._app, f"{service}: cannot start: {error.wire}")
        else:
            self._memory.faults.pop(key, None)

    def _start(self, service: DesiredService) -> None:
        engine = self._parts.engine
        image = engine.image_find(service.image)
        if image is None and service.resource is not None:
            image = self._resource_image(service)
        if image is None:
            raise NotFoundError(f"the image of build {service.build} is gone")
        labels = self._parts.layout.labels("volume", self._app)
        if service.resource is not None:
            labels[LABEL_RESOURCE] = service.resource.name
            self._parts.networks.ensure_resource(self._app, service.resource.name)
        for mount in service.mounts:
            if not mount.source.startswith("/"):
                engine.volume_create(mount.source, labels)
        id = engine.create(self._spec(service, image))
        self._memory.rising.add(id)
        self._start_container(id)

    def _resource_image(self, service: DesiredService) -> Image:
        """Return the image of a resource, pulled if it is not here.

        `redis:7.0` is `redis:7` where only that is here: the dot is what a cloud writes.
        """
        engine, name = self._parts.engine, service.image
        found = engine.image_find(name.removesuffix(".0"))
        if found is None:
            self._parts.logs.system(self._app, f"{service.name}: pulling {name}")
            for _ in engine.pull(name):
                pass
            found = engine.image_find(name)
        if found is None:
            raise FailedError(f"image {name} was pulled and is not here")
        return found

    def _restart(self, id: str, networks: tuple[str, ...]) -> None:
        self._memory.rising.add(id)
        joined = self._parts.engine.inspect(id).addresses
        for network in networks:
            if network not in joined:
                self._parts.engine.connect(network, id)
        self._start_container(id)

    def _start_container(self, id: str) -> None:
        """Start a container; one that cannot be started is removed."""
        try:
            self._parts.engine.start(id)
        except UnavailableError:
            raise
        except ConvoxError:
            self._parts.engine.remove(id)
            raise

    def _delete_resource(self, name: str) -> None:
        parts, app = self._parts, self._app
        parts.engine.volume_remove(parts.layout.resource_volume(app, name))
        parts.networks.remove_resource(app, name)
        parts.store.resources.delete(app, name)
        parts.logs.system(app, f"deleted resource {name} and its data")

    def _spec(self, service: DesiredService, image: Image) -> ContainerSpec:
        spec = self._service_spec(service, image.stop_signal)
        if service.resource is None:
            return spec
        facts, layout = service.resource, self._parts.layout
        return replace(
            spec,
            name=layout.resource_container(self._app, facts.name),
            image=image.id,
            labels={
                **spec.labels,
                **layout.labels("resource", self._app),
                LABEL_RESOURCE: facts.name,
            },
            network=facts.network,
            aliases=(facts.host,),
        )

    def _service_spec(self, service: DesiredService, signal: str) -> ContainerSpec:
        layout = self._parts.layout
        return ContainerSpec(
            name=layout.container(self._app, service.name, secrets.token_hex(4)),
            image=service.image,
            labels={
                **layout.labels("service", self._app),
                LABEL_SERVICE: service.name,
                LABEL_RELEASE: service.release,
                LABEL_BUILD: service.build,
                LABEL_SPEC: service.spec,
                LABEL_DRAIN: str(service.drain_s),
                LABEL_GRACE: str(service.grace_s),
                LABEL_SIGNAL: signal or "SIGTERM",
            },
            command=service.command,
            env=service.env,
            network=layout.network(self._app),
            networks=service.networks,
            memory_mib=service.memory_mib,
            cpu_units=service.cpu_units,
            init=service.init,
            privileged=service.privileged,
            mounts=service.mounts,
            cap_drop=() if service.privileged else ("ALL",),
            cap_add=() if service.privileged else CAPABILITIES,
            stop_grace_s=service.grace_s,
        )

    def _switch(self, routes: tuple[Route, ...]) -> None:
        self._parts.router.publish(self._app, routes)
        self._memory.note_routes(routes)

    def _leave(self, id: str, phase: Phase, seconds: int) -> None:
        self._memory.leaving[id] = Leaving(phase, self._now() + timedelta(seconds=seconds))
        self._parts.prober.forget([id])

    def _remove(self, id: str) -> None:
        self._parts.prober.forget([id])
        # Killed first: its last lines are only complete once it has ended.
        self._parts.engine.kill(id)
        self._parts.logs.settle(id)
        self._parts.engine.remove(id)

    def _now(self) -> datetime:
        return self._parts.clock.now()
