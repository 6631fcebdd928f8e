"""The calls about the rack itself: what it is, its options, its processes, tokens, its log.

A local rack is one machine: it has one instance, and its version is that of this program.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from convox import __version__
from convox.api.types import (
    Capacity,
    EventSendOptions,
    Instance,
    LogsOptions,
    Process,
    ProcessListOptions,
    Release,
    System,
    SystemJwt,
    SystemJwtTokenOptions,
    SystemPasswordOptions,
    SystemProcessesOptions,
    SystemUpdateOptions,
)
from convox.core import tokens
from convox.core.errors import InvalidError
from convox.core.stream import LogFeed
from convox.providers.local import options as rack_options
from convox.providers.local.containers import Container
from convox.providers.local.credentials import Credentials
from convox.providers.local.disk import Disk
from convox.providers.local.layout import (
    LABEL_APP,
    LABEL_KIND,
    LABEL_RACK,
    LABEL_RELEASE,
    LABEL_SERVICE,
)
from convox.providers.local.options import RackOptions
from convox.providers.local.processes import Processes
from convox.providers.local.runner import Parts
from convox.providers.local.services import at_port
from convox.providers.local.store.database import from_text, to_text

_VERSIONS = "versions"
"""The setting that lists the versions run, each with the time it began."""
_FIXED = ("Port", "HttpPort", "ApiPort", "Cidr", "Listen")
_UNITS_PER_CPU = 1024


class SystemCalls:
    """The rack as a thing that can be asked."""

    def __init__(
        self,
        parts: Parts,
        processes: Processes,
        credentials: Credentials,
        updated: Callable[[], None],
        disk: Callable[[], Disk | None] = lambda: None,
    ) -> None:
        """Join the parts; `updated` is called when options have changed, `disk` looks at disks."""
        self._engine = parts.engine
        self._store = parts.store
        self._layout = parts.layout
        self._logs = parts.logs
        self._wishes = parts.wishes
        self._clock = parts.clock
        self._processes = processes
        self._credentials = credentials
        self._updated = updated
        self._disk = disk

    def note_version(self) -> None:
        """Record the version that runs, if it is not the one that ran last."""
        versions = self._versions()
        if not versions or versions[-1][0] != __version__:
            versions.append((__version__, to_text(self._clock.now()) or ""))
            self._store.settings.put(_VERSIONS, json.dumps(versions))

    def system_get(self) -> System:
        """Return the rack."""
        options, disk = self._options(), self._disk()
        return System(
            count=1,
            domain=at_port(f"{self._layout.rack}.localhost", options.port),
            name=self._layout.rack,
            outputs=disk.outputs() if disk else None,
            parameters=options.parameters(),
            provider="local",
            rack_domain=options.rack_domain,
            region="local",
            status="running",
            type="local",
            version=__version__,
        )

    def system_update(self, opts: SystemUpdateOptions) -> None:
        """Change options that may change while the rack runs.

        Raises:
            InvalidError: an option is unknown, has a bad value, or is fixed at install.
        """
        if opts.count not in (None, 1) or opts.type not in (None, "", "local"):
            raise InvalidError("a local rack is one machine: it cannot be scaled")
        if opts.version not in (None, "", __version__):
            raise InvalidError(
                f"a local rack runs the version of its program, {__version__}",
                fix="install another version of convox and start the rack again",
            )
        if opts.parameters:
            self._change(dict(opts.parameters))

    def system_logs(self, opts: LogsOptions) -> LogFeed:
        """Return the rack's own log."""
        return self._logs.rack_feed(opts)

    def system_processes(self, opts: SystemProcessesOptions) -> tuple[Process, ...]:
        """Return the rack's own processes, and with `all` those of every app."""
        own = [
            Process(
                id=container.pid,
                app=self._layout.rack,
                command=container.command,
                instance=self._instance_id(),
                name="router",
                release=__version__,
                started=container.started,
                status=container.status,
            )
            for container in self._engine.containers(self._layout.labels("router"))
        ]
        if not opts.all:
            return tuple(own)
        for row in self._store.apps.all():
            own += self._processes.process_list(row.name, ProcessListOptions())
        return tuple(own)

    def system_releases(self) -> tuple[Release, ...]:
        """Return the versions that the rack has run, newest first."""
        return tuple(
            Release(id=version, app=self._layout.rack, created=from_text(began))
            for version, began in reversed(self._versions())
        )

    def system_jwt_token(self, opts: SystemJwtTokenOptions) -> SystemJwt:
        """Make a token that opens the rack for a time."""
        token = tokens.issue(
            self._credentials.load(),
            role=opts.role,
            hours=opts.duration_in_hour,
            now=self._clock.now(),
        )
        return SystemJwt(token=token)

    def system_jwt_rotate(self) -> None:
        """Replace the key that signs tokens."""
        self._credentials.rotate()
        self._logs.system("", "rotated the key that signs tokens")

    def system_password_rotate(self, opts: SystemPasswordOptions) -> None:
        """Let a new password open the rack beside the one before."""
        self._credentials.propose(opts.password)
        self._logs.system("", "a new password opens the rack; the one before does until confirmed")

    def system_password_confirm(self, opts: SystemPasswordOptions) -> None:
        """Let only the new password open the rack."""
        self._credentials.confirm(opts.password)
        self._logs.system("", "the password is replaced")

    def capacity_get(self) -> Capacity:
        """Return what this machine holds and what the processes that run may take."""
        info = self._engine.info()
        sizes = [self._size(container) for container in self._running()]
        return Capacity(
            cluster_cpu=info.cpus * _UNITS_PER_CPU,
            cluster_memory=info.memory_mib,
            instance_cpu=info.cpus * _UNITS_PER_CPU,
            instance_memory=info.memory_mib,
            process_count=len(sizes),
            process_cpu=sum(cpu for cpu, _ in sizes),
            process_memory=sum(memory for _, memory in sizes),
        )

    def instance_list(self) -> tuple[Instance, ...]:
        """Return this machine."""
        capacity = self.capacity_get()
        return (
            Instance(
                agent=True,
                cpu=capacity.process_cpu / max(1, capacity.cluster_cpu),
                id=self._instance_id(),
                memory=capacity.process_memory / max(1, capacity.cluster_memory),
                private_ip="127.0.0.1",
                processes=capacity.process_count,
                status="active",
            ),
        )

    def event_send(self, opts: EventSendOptions) -> None:
        """Write a notice into the rack's log."""
        words = [opts.action, opts.status or "", *sorted((opts.data or {}).keys())]
        self._logs.system("", f"event {' '.join(filter(None, words))}")

    def _change(self, parameters: dict[str, str]) -> None:
        current = self._options()
        before = current.parameters()
        for name in _FIXED:
            if parameters.get(name, before[name]) != before[name]:
                raise InvalidError(
                    f"{name} is fixed when a local rack is installed",
                    fix=f"install another rack: convox rack install local --name NAME {name}=VALUE",
                )
        changed = rack_options.parse(parameters, current)
        with self._store.database.transaction():
            rack_options.save(self._store.settings, changed)
        after = changed.parameters()
        words = [f"{name}={after[name]}" for name in after if after[name] != before[name]]
        self._logs.system("", f"changed options: {' '.join(words) or 'none'}")
        self._updated()

    def _options(self) -> RackOptions:
        return rack_options.load(self._store.settings)

    def _instance_id(self) -> str:
        return self._layout.rack

    def _running(self) -> list[Container]:
        found = self._engine.containers({LABEL_RACK: self._layout.rack}, all=False)
        return [c for c in found if c.labels.get(LABEL_KIND) in ("service", "oneoff", "timer")]

    def _size(self, container: Container) -> tuple[int, int]:
        """Return CPU units and MiB that a process may take; none for one of a lost release."""
        labels = container.labels
        release, app = labels.get(LABEL_RELEASE, ""), labels.get(LABEL_APP, "")
        if self._store.releases.find(app, release) is None:
            return (0, 0)
        service = self._wishes.target(app, release).find(labels.get(LABEL_SERVICE, ""))
        return (service.cpu_units, service.memory_mib) if service else (0, 0)

    def _versions(self) -> list[tuple[str, str]]:
        stored = json.loads(self._store.settings.find(_VERSIONS) or "[]")
        return [(version, began) for version, began in stored]
