"""The calls about services: what the active release has, restart, scale.

Scale set here outlives later releases. Source: manifest.md section 8.
"""

from __future__ import annotations

from collections.abc import Callable

from convox.api.types import Service, ServicePort, ServiceUpdateOptions
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from convox.manifest import model
from convox.providers.local.apps import require_app
from convox.providers.local.desired import Wish, effective_scale, hosts_of
from convox.providers.local.layout import Layout
from convox.providers.local.logs import Logs
from convox.providers.local.store import Store
from convox.providers.local.store.apps import AppRow
from convox.providers.local.wishes import Wishes

_LEAST_MEMORY_MIB = 6
"""The engine refuses less."""
_MOST_PROCESSES = 50
"""A /26 has room for 61 besides the router and the gateway; a deploy may need twice the count."""


class Services:
    """The services of every app of a rack."""

    def __init__(
        self,
        store: Store,
        layout: Layout,
        wishes: Wishes,
        logs: Logs,
        port: Callable[[], int],
        wake: Callable[[str], None],
    ) -> None:
        """Join the parts; `port` answers the port at which apps are reached."""
        self._store = store
        self._layout = layout
        self._wishes = wishes
        self._logs = logs
        self._port = port
        self._wake = wake

    def service_list(self, app: str) -> tuple[Service, ...]:
        """Return the services of the active release, in the manifest's order."""
        row = require_app(self._store, app)
        if not row.release:
            return ()
        wish = self._wishes.wish(app, row.release)
        return tuple(self._service(row, wish, service) for service in wish.manifest.services)

    def service_restart(self, app: str, name: str) -> None:
        """Write the wish that the processes of a service are replaced, as by a deploy."""
        self._require(app, name)
        self._store.apps.restart(app, name)
        self._logs.system(app, f"restarting {name}")
        self._wake(app)

    def service_update(self, app: str, name: str, opts: ServiceUpdateOptions) -> None:
        """Scale a service; other limits replace its processes, another count only adds or ends.

        Raises:
            InvalidError: a number is out of range.
        """
        _check(opts)
        self._require(app, name)
        self._store.apps.scale(app, name, count=opts.count, cpu=opts.cpu, memory=opts.memory)
        given = {"count": opts.count, "cpu": opts.cpu, "memory": opts.memory}
        words = [f"{key}={value}" for key, value in given.items() if value is not None]
        self._logs.system(app, f"scaling {name}: {' '.join(words)}")
        self._wake(app)

    def _require(self, app: str, name: str) -> None:
        """Raise unless a service is there and its app is not updating."""
        row = require_app(self._store, app)
        services = self._wishes.wish(app, row.release).manifest.services if row.release else ()
        if name not in {service.name for service in services}:
            raise NotFoundError(f"service not found: {name}")
        if row.pending:
            raise ConflictError(
                "app is currently updating",
                fix=f"wait for {row.pending}, or stop it: convox apps cancel -a {app}",
            )

    def _service(self, row: AppRow, wish: Wish, service: model.Service) -> Service:
        scale = effective_scale(service, wish.scales.get(service.name))
        return Service(
            count=scale.count,
            cpu=scale.cpu,
            domain=self._domain(row, service),
            memory=scale.memory,
            name=service.name,
            nlb=None,
            ports=_ports(service),
        )

    def _domain(self, row: AppRow, service: model.Service) -> str:
        hosts = hosts_of(self._layout, row.name, service)
        if not hosts:
            return ""
        if service.domains and row.parameters.get("InternalDomains") == "No":
            return service.domains[0]
        if service.internal and not service.internal_and_external:
            return hosts[0]
        return at_port(hosts[0], self._port())


def at_port(host: str, port: int) -> str:
    """Return where a host answers, without the port that browsers use anyway."""
    return host if port == 443 else f"{host}:{port}"


def _ports(service: model.Service) -> tuple[ServicePort, ...]:
    if not service.port.port:
        return ()
    return tuple(ServicePort(balancer=port, container=service.port.port) for port in (80, 443))


def _check(opts: ServiceUpdateOptions) -> None:
    if opts.count is not None and not 0 <= opts.count <= _MOST_PROCESSES:
        raise InvalidError(f"count must be from 0 to {_MOST_PROCESSES}, not {opts.count}")
    if opts.cpu is not None and opts.cpu < 0:
        raise InvalidError(f"cpu must be 0 or more, not {opts.cpu}")
    if opts.memory is not None and opts.memory != 0 and opts.memory < _LEAST_MEMORY_MIB:
        raise InvalidError(
            f"memory must be at least {_LEAST_MEMORY_MIB} MB, or 0 for no limit, not {opts.memory}"
        )
