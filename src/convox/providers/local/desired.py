"""What shall run, as a pure function of what the store holds. No Docker, no disk, no clock.

`target_of` turns a release into the services that it means: image, env, limits, health, hosts.
The digest `spec` covers everything that a running container cannot change, so that a container
with the same digest is as good as a new one. Read plan.py next: it compares this with what is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import get_args

from convox.api.types import Build, Release
from convox.core.errors import InvalidError
from convox.manifest import Manifest, env_prefix, service_environment
from convox.manifest.envtext import parse_env
from convox.manifest.model import Service
from convox.providers.local.caddy import Scheme
from convox.providers.local.containers import Mount
from convox.providers.local.hello import Speech
from convox.providers.local.layout import Layout
from convox.providers.local.resource_urls import resource_env
from convox.providers.local.store.apps import ServiceRow
from convox.providers.local.store.resources import ResourceRow

CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETGID",
    "SETUID",
)
"""All that a process keeps: the engine's own list without raw sockets, devices, chroot and audit.

These are what official images use to give up root at their start.
"""

HOST_PATHS = frozenset(
    {
        "/cgroup/",
        "/dev/log",
        "/etc/passwd",
        "/proc/",
        "/sys/fs/cgroup/",
        "/sys/kernel/debug/",
        "/var/log/audit/",
        "/var/run/",
        "/var/run/docker.sock",
        "/var/lib/docker/containers/",
    }
)
"""Sources of `from:to` volumes that mean the host itself. Source: manifest.md section 8."""

START_LIMIT_S = 60
"""How long a process may take to become healthy, beyond its `health.grace`."""


@dataclass(frozen=True)
class Health:
    """How a process is probed over HTTP; seconds."""

    path: str = "/"
    grace_s: int = 5
    interval_s: int = 5
    timeout_s: int = 4


@dataclass(frozen=True)
class ResourceFacts:
    """What a resource has beyond a service."""

    name: str
    """In the manifest; the service's own name is `resource NAME`."""
    network: str
    host: str
    speech: Speech
    kept: bool = False
    """Whether no release lists it any more: nothing waits for it."""


@dataclass(frozen=True)
class DesiredService:
    """One service of a release, complete; a resource is one, too."""

    name: str
    release: str
    build: str
    image: str
    count: int = 1
    command: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    memory_mib: int = 0
    cpu_units: int = 0
    init: bool = False
    privileged: bool = False
    mounts: tuple[Mount, ...] = ()
    port: int = 0
    """0 for a service that nothing reaches."""
    scheme: Scheme = "http"
    health: Health = Health()
    hosts: tuple[str, ...] = ()
    sticky: bool = False
    drain_s: int = 0
    grace_s: int = 30
    """Seconds between asking a process to end and killing it."""
    minimum: int = 50
    maximum: int = 200
    stop_first: bool = False
    """Whether the old process ends before the new one starts."""
    links: tuple[str, ...] = ()
    """Names at which it reaches other services through the router."""
    start_limit_s: int = START_LIMIT_S
    spec: str = ""
    resource: ResourceFacts | None = None
    needs: tuple[str, ...] = ()
    """Names of resources, as services, that must be up before it starts."""
    networks: tuple[str, ...] = ()
    """Networks that its processes join besides the app's."""


@dataclass(frozen=True)
class Target:
    """A release as the services that shall run."""

    release: str
    services: tuple[DesiredService, ...]

    def find(self, name: str) -> DesiredService | None:
        """Return a service, or None."""
        return next((service for service in self.services if service.name == name), None)


@dataclass(frozen=True)
class DesiredApp:
    """What an app shall be: what runs, and what shall run next if it gets healthy."""

    name: str
    network: str
    active: Target | None = None
    pending: Target | None = None
    deadline: datetime | None = None
    """When a pending release that is not up has failed, whatever its processes do."""
    cidr: str = ""
    doomed: tuple[str, ...] = ()
    """Resources that shall go away with their data."""


@dataclass(frozen=True)
class Wish:
    """Everything that the store says of one release of an app."""

    app: str
    release: Release
    build: Build
    manifest: Manifest
    scales: Mapping[str, ServiceRow] = field(default_factory=dict)
    resources: Mapping[str, ResourceRow] = field(default_factory=dict)
    """Those of the app, whether the release lists them or not."""

    def resources_of(self, service: Service) -> list[ResourceRow]:
        """Return what a service lists and the app has; other names mean nothing."""
        declared = {resource.name for resource in self.manifest.resources}
        names = dict.fromkeys(name for name in service.resources if name in declared)
        return [self.resources[name] for name in names if name in self.resources]


def as_service(resource: str) -> str:
    """Return the name that a resource has among services, which none of them can have."""
    return f"resource {resource}"


def target_of(layout: Layout, wish: Wish) -> Target:
    """Return the services that a release means.

    Raises:
        InvalidError: a required variable has no value, or a port has an unknown scheme.
    """
    services = (desired_service(layout, wish, service) for service in wish.manifest.services)
    return Target(wish.release.id, tuple(services))


def desired_service(layout: Layout, wish: Wish, service: Service) -> DesiredService:
    """Return what one service of a release means, with its digest."""
    scale = effective_scale(service, wish.scales.get(service.name))
    has_port = service.port.port > 0
    desired = DesiredService(
        name=service.name,
        release=wish.release.id,
        build=wish.release.build,
        image=layout.image(wish.app, service.name, wish.release.build),
        count=scale.count,
        command=service.command,
        env=service_env(layout, wish, service),
        memory_mib=scale.memory,
        cpu_units=scale.cpu,
        init=service.init,
        privileged=service.privileged,
        mounts=mounts_of(layout, wish.app, service),
        port=service.port.port,
        scheme=_scheme(service),
        health=Health(
            service.health.path or "/",
            service.health.grace,
            service.health.interval,
            max(1, service.health.timeout),
        ),
        hosts=hosts_of(layout, wish.app, service),
        sticky=service.sticky,
        drain_s=service.drain if has_port else 0,
        grace_s=service.termination_grace,
        minimum=service.deployment.minimum,
        maximum=service.deployment.maximum,
        stop_first=service.singleton or service.agent.enabled,
        links=tuple(layout.link_host(wish.app, link) for link in service.links),
        start_limit_s=START_LIMIT_S + service.health.grace,
    )
    linked = _linked(desired, layout, wish, wish.resources_of(service))
    restarts = wish.scales[service.name].restarts if service.name in wish.scales else 0
    return replace(linked, spec=_digest(linked, restarts))


def _linked(
    desired: DesiredService, layout: Layout, wish: Wish, rows: list[ResourceRow]
) -> DesiredService:
    return replace(
        desired,
        needs=tuple(as_service(row.name) for row in rows),
        networks=tuple(layout.resource_network(wish.app, row.name) for row in rows),
    )


@dataclass(frozen=True)
class Scale:
    """Count, and the size of each process."""

    count: int
    cpu: int
    memory: int


def effective_scale(service: Service, row: ServiceRow | None) -> Scale:
    """Return what holds of a manifest's scale and of what a person asked for."""
    asked = row or ServiceRow(service.name)
    manifest = service.scale
    count = manifest.count.min if asked.count is None else asked.count
    return Scale(
        count=1 if service.agent.enabled else count,
        cpu=manifest.cpu if asked.cpu is None else asked.cpu,
        memory=manifest.memory if asked.memory is None else asked.memory,
    )


def service_env(layout: Layout, wish: Wish, service: Service) -> dict[str, str]:
    """Return the variables of a service's processes, one-off ones too.

    Defaults give way to links, those to the rack's own variables, and all to values that the
    release's env has for a declared name. Source: manifest.md section 6.

    Raises:
        InvalidError: a required variable has no value.
    """
    given = parse_env(wish.release.env)
    declared = service_environment(wish.manifest, service.name, given)
    links = {
        f"{env_prefix(name)}_URL": f"http://{layout.link_host(wish.app, name)}"
        for name in service.links
    }
    for row in wish.resources_of(service):
        links |= resource_env(layout, row)
    own = {
        "APP": wish.app,
        "AWS_REGION": "local",
        "BUILD": wish.release.build,
        "BUILD_DESCRIPTION": wish.build.description,
        "BUILD_GIT_SHA": wish.build.git_sha,
        "RACK": layout.rack,
        "RELEASE": wish.release.id,
        "SERVICE": service.name,
    }
    values = {name: value for name, value in declared.items() if name in given}
    return {**declared, **links, **own, **values}


def hosts_of(layout: Layout, app: str, service: Service) -> tuple[str, ...]:
    """Return the names at which the router answers for a service; none without a port."""
    if service.port.port <= 0:
        return ()
    inside = layout.link_host(app, service.name)
    if service.internal and not service.internal_and_external:
        return (inside,)
    names = (layout.host(app, service.name), *service.domains, inside)
    return tuple(dict.fromkeys(name.lower() for name in names))


def mounts_of(layout: Layout, app: str, service: Service) -> tuple[Mount, ...]:
    """Return the mounts of a service: volumes of the app, and the few host paths there are."""
    return tuple(_mount(layout, app, text) for text in service.volumes)


def host_paths(service: Service) -> tuple[str, ...]:
    """Return the paths of the host itself that a service asks for."""
    sources = (text.partition(":")[0] for text in service.volumes if ":" in text)
    return tuple(source for source in sources if source in HOST_PATHS)


def _scheme(service: Service) -> Scheme:
    schemes = {name: name for name in get_args(Scheme)}
    scheme: Scheme | None = schemes.get(service.port.scheme or "http")
    if scheme is None:
        raise InvalidError(
            f'service {service.name}: unknown port scheme "{service.port.scheme}"',
            fix=f"use one of: {', '.join(schemes)}",
        )
    return scheme


def _mount(layout: Layout, app: str, text: str) -> Mount:
    source, separator, target = text.partition(":")
    if separator and source in HOST_PATHS:
        return Mount(source, target)
    return Mount(layout.volume(app, source), target if separator else source)


def _digest(service: DesiredService, restarts: int) -> str:
    facts = {
        "image": service.image,
        "command": service.command,
        "env": dict(service.env),
        "limits": [service.memory_mib, service.cpu_units],
        "flags": [service.init, service.privileged],
        "mounts": [[mount.source, mount.target, mount.read_only] for mount in service.mounts],
        "networks": service.networks,
        "release": service.release,
        "restarts": restarts,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
