"""A rack on this machine: the parts put together, and the contract handed to them.

Start reading here. `open_rack` makes the parts; `LocalRack` answers each operation of the
contract by the method of that name of the part that knows. What a part does is in its module:
apps, releases, services and system write wishes; reconciler, worker, plan and runner fulfil them.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from convox.core.clock import Clock
from convox.core.errors import ConvoxError
from convox.providers.local import options as rack_options
from convox.providers.local.apps import Apps
from convox.providers.local.builds import Builds
from convox.providers.local.credentials import Credentials
from convox.providers.local.deletion import Deletion
from convox.providers.local.engine import Engine
from convox.providers.local.engine_upkeep import Upkeep
from convox.providers.local.keeper import Keeper, Sweeps
from convox.providers.local.layout import Layout
from convox.providers.local.logs import Logs
from convox.providers.local.networks import Networks
from convox.providers.local.objects import Objects
from convox.providers.local.options import RackOptions
from convox.providers.local.probes import Prober
from convox.providers.local.processes import Processes
from convox.providers.local.reconciler import Reconciler
from convox.providers.local.registries import Registries
from convox.providers.local.releases import Releases
from convox.providers.local.resources import Resources
from convox.providers.local.router import Router
from convox.providers.local.runner import Parts
from convox.providers.local.services import Services, at_port
from convox.providers.local.store import Store, open_store
from convox.providers.local.system import SystemCalls
from convox.providers.local.timer_runs import TimerRuns
from convox.providers.local.timers import Timers
from convox.providers.local.tunnels import Tunnels
from convox.providers.local.wishes import Wishes

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Nouns:
    """The parts that answer calls."""

    apps: Apps
    builds: Builds
    objects: Objects
    processes: Processes
    registries: Registries
    releases: Releases
    resources: Resources
    services: Services
    system: SystemCalls
    timers: Timers
    tunnels: Tunnels


def _by(
    noun: str, method: Callable[Concatenate[Any, _P], _R]
) -> Callable[Concatenate[LocalRack, _P], _R]:
    """Return a method of the rack that a part answers."""

    def answer(self: LocalRack, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return method(getattr(self.nouns, noun), *args, **kwargs)

    functools.update_wrapper(answer, method)
    return answer


class LocalRack:
    """One rack; any thread may call it between `start` and `stop`."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts of a rack
        self,
        nouns: Nouns,
        store: Store,
        logs: Logs,
        router: Router,
        reconciler: Reconciler,
        credentials: Credentials,
        keeper: Keeper,
    ) -> None:
        self.nouns = nouns
        self.store = store
        self.credentials = credentials
        self._logs = logs
        self._router = router
        self._reconciler = reconciler
        self._keeper = keeper

    def start(self) -> None:
        """Go on where the rack was when it stopped or was killed; returns soon.

        A dead engine is no obstacle: calls that need it say so, and all goes on when it is back.
        """
        self._logs.start()
        self._logs.system("", "starting")
        nouns = self.nouns
        nouns.system.note_version()
        for recover in (nouns.objects.recover, nouns.builds.recover, self._router.ensure):
            try:
                recover()
            except ConvoxError as error:
                _log.warning("not recovered yet: %s", error.wire)
        nouns.builds.start()
        nouns.processes.start()
        nouns.timers.start()
        self._reconciler.start()
        self._keeper.start()

    def stop(self) -> None:
        """End every thread; apps and router go on without the rack."""
        self._keeper.stop()
        self._reconciler.stop()
        self.nouns.builds.stop()
        self.nouns.processes.stop()
        self.nouns.timers.stop()
        self._logs.system("", "stopped")
        self._logs.stop()
        self.store.close()

    app_list = _by("apps", Apps.app_list)
    app_create = _by("apps", Apps.app_create)
    app_get = _by("apps", Apps.app_get)
    app_update = _by("apps", Apps.app_update)
    app_delete = _by("apps", Apps.app_delete)
    app_cancel = _by("apps", Apps.app_cancel)
    app_logs = _by("apps", Apps.app_logs)
    build_create = _by("builds", Builds.build_create)
    build_list = _by("builds", Builds.build_list)
    build_get = _by("builds", Builds.build_get)
    build_update = _by("builds", Builds.build_update)
    build_logs = _by("builds", Builds.build_logs)
    build_export = _by("builds", Builds.build_export)
    build_import = _by("builds", Builds.build_import)
    object_exists = _by("objects", Objects.object_exists)
    object_fetch = _by("objects", Objects.object_fetch)
    object_store = _by("objects", Objects.object_store)
    object_delete = _by("objects", Objects.object_delete)
    object_list = _by("objects", Objects.object_list)
    process_list = _by("processes", Processes.process_list)
    process_get = _by("processes", Processes.process_get)
    process_logs = _by("processes", Processes.process_logs)
    process_run = _by("processes", Processes.process_run)
    process_exec = _by("processes", Processes.process_exec)
    process_stop = _by("processes", Processes.process_stop)
    files_download = _by("processes", Processes.files_download)
    files_upload = _by("processes", Processes.files_upload)
    files_delete = _by("processes", Processes.files_delete)
    registry_add = _by("registries", Registries.registry_add)
    registry_list = _by("registries", Registries.registry_list)
    registry_remove = _by("registries", Registries.registry_remove)
    release_create = _by("releases", Releases.release_create)
    release_get = _by("releases", Releases.release_get)
    release_list = _by("releases", Releases.release_list)
    release_promote = _by("releases", Releases.release_promote)
    resource_list = _by("resources", Resources.resource_list)
    resource_get = _by("resources", Resources.resource_get)
    resource_export = _by("resources", Resources.resource_export)
    resource_import = _by("resources", Resources.resource_import)
    resource_delete = _by("resources", Resources.resource_delete)
    proxy = _by("tunnels", Tunnels.proxy)
    service_list = _by("services", Services.service_list)
    service_restart = _by("services", Services.service_restart)
    service_update = _by("services", Services.service_update)
    system_get = _by("system", SystemCalls.system_get)
    system_update = _by("system", SystemCalls.system_update)
    system_logs = _by("system", SystemCalls.system_logs)
    system_processes = _by("system", SystemCalls.system_processes)
    system_releases = _by("system", SystemCalls.system_releases)
    system_jwt_token = _by("system", SystemCalls.system_jwt_token)
    system_jwt_rotate = _by("system", SystemCalls.system_jwt_rotate)
    system_password_rotate = _by("system", SystemCalls.system_password_rotate)
    system_password_confirm = _by("system", SystemCalls.system_password_confirm)
    capacity_get = _by("system", SystemCalls.capacity_get)
    instance_list = _by("system", SystemCalls.instance_list)
    event_send = _by("system", SystemCalls.event_send)
    timer_list = _by("timers", Timers.timer_list)
    timer_runs = _by("timers", Timers.timer_runs)
    timer_run = _by("timers", Timers.timer_run)


class _Options:
    """The rack's options as they are now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reload()

    def reload(self) -> None:
        """Read them again."""
        self.now: RackOptions = rack_options.load(self._store.settings)

    def retention_days(self, app: str) -> int:
        """Return for how many days the log of an app is kept; "" is the rack's own."""
        row = self._store.apps.find(app) if app else None
        asked = row.parameters.get("LogRetention", "") if row else ""
        return int(asked) if asked.isdigit() and int(asked) > 0 else self.now.log_retention


def open_rack(layout: Layout, clock: Clock, engine: Engine | None = None) -> LocalRack:
    """Return the rack whose folder `layout` is; nothing runs before `start`."""
    store = open_store(layout.database, clock)
    options = _Options(store)
    parts = _parts(engine or Engine(), store, layout, options, clock)
    objects, registries = Objects(store, layout, clock), Registries(store)
    builds = _builds(parts, objects, registries, options)
    reconciler = Reconciler(parts, Deletion(parts, (builds, objects)))
    credentials, processes = Credentials(store.settings), _processes(parts, reconciler)
    timers = Timers(parts, TimerRuns(parts, processes))
    reconciler.on_timer = timers.wake
    keeper = _keeper(parts, builds, options)
    logs, wishes, wake = parts.logs, parts.wishes, reconciler.wake
    domain = at_port(f"{layout.rack}.localhost", options.now.port)
    nouns = Nouns(
        Apps(store, layout, logs, domain, wake),
        builds,
        objects,
        processes,
        registries,
        Releases(store, layout, wishes, lambda: options.now, wake),
        Resources(parts.engine, store, layout, wishes, logs, wake),
        Services(store, layout, wishes, logs, lambda: options.now.port, wake),
        SystemCalls(parts, processes, credentials, options.reload, keeper.disk),
        timers,
        Tunnels(parts.engine, store, layout),
    )
    return LocalRack(nouns, store, logs, parts.router, reconciler, credentials, keeper)


def _keeper(parts: Parts, builds: Builds, options: _Options) -> Keeper:
    sweeps = Sweeps(
        builds=lambda: builds.sweep(options.now.build_retention),
        running=lambda: {build.id for build in parts.store.builds.with_status("running")},
        log_days=lambda: options.now.log_retention,
    )
    return Keeper(Upkeep(parts.engine), parts.layout, parts.logs, parts.clock, sweeps)


def _parts(engine: Engine, store: Store, layout: Layout, options: _Options, clock: Clock) -> Parts:
    logs = Logs(engine, layout, clock, retention_days=options.retention_days)
    router = Router(engine, layout, options.now, clock)
    networks = Networks(engine, store, layout, options.now.cidr, (options.now.router_subnet,))
    wishes = Wishes(store, layout)
    return Parts(engine, store, layout, logs, router, networks, Prober(clock), wishes, clock)


def _builds(parts: Parts, objects: Objects, registries: Registries, options: _Options) -> Builds:
    return Builds(
        parts.engine,
        parts.store,
        parts.layout,
        parts.logs,
        objects,
        registries,
        parts.clock,
        retention=options.now.build_retention,
    )


def _processes(parts: Parts, reconciler: Reconciler) -> Processes:
    return Processes(
        parts.engine,
        parts.store,
        parts.layout,
        parts.logs,
        parts.wishes,
        parts.clock,
        instance=parts.layout.rack,
        ensure_network=parts.networks.ensure,
        condition=reconciler.condition,
    )
