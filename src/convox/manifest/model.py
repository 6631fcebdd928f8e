"""The manifest as values: what every other part of the program reads of a convox.yml.

The defaults in these classes are only the *empty* values, as the incumbent's structures have
them before its defaults are applied; `defaults.py` applies those, so a `Service` that comes out
of `parse` is complete. Order is the order of the file everywhere. Nothing here knows of YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from convox.core.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

Texts = tuple[str, ...]


@dataclass(frozen=True)
class AgentPort:
    """A port opened on every instance, with the same number inside and out."""

    port: int = 0
    protocol: str = ""
    """`tcp`, `udp`, or empty where a quoted number gave none."""


@dataclass(frozen=True)
class Agent:
    """One process on every instance."""

    enabled: bool = False
    ports: tuple[AgentPort, ...] = ()


@dataclass(frozen=True)
class Build:
    """Where an image is built from; all empty when the service names an image."""

    path: str = ""
    manifest: str = ""
    """Path of the Dockerfile, relative to `path`."""
    args: Texts = ()


@dataclass(frozen=True)
class Deployment:
    """How many processes stay and how many may run during a deploy, in percent."""

    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True)
class Health:
    """How a process is probed over HTTP; seconds."""

    grace: int = 0
    interval: int = 0
    path: str = ""
    timeout: int = 0


@dataclass(frozen=True)
class Port:
    """The port a service listens on; `port` 0 means none."""

    port: int = 0
    scheme: str = ""


@dataclass(frozen=True)
class Count:
    """Bounds of the number of processes."""

    min: int = 0
    max: int = 0


@dataclass(frozen=True)
class Cooldown:
    """Seconds between two changes of the count."""

    down: int = 0
    up: int = 0


@dataclass(frozen=True)
class Metric:
    """A metric to scale on that is not one of the usual three."""

    namespace: str = ""
    name: str = ""
    aggregate: str = ""
    value: float = 0.0
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Targets:
    """What autoscaling aims at: percent, percent, requests per process; 0 means not."""

    cpu: int = 0
    memory: int = 0
    requests: int = 0
    custom: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class Scale:
    """How many processes, and how large each may be."""

    count: Count = Count()
    cpu: int = 0
    """Units; 1024 are one processor."""
    memory: int = 0
    """MiB."""
    cooldown: Cooldown = Cooldown()
    targets: Targets = Targets()


@dataclass(frozen=True)
class NlbListener:
    """A listener of the rack's network load balancer."""

    port: int = 0
    protocol: str = ""
    container_port: int = 0
    scheme: str = ""
    certificate: str = ""
    cross_zone: bool | None = None
    allow_cidr: Texts = ()
    preserve_client_ip: bool | None = None


@dataclass(frozen=True)
class Service:
    """One service of an app."""

    name: str
    line: int = 0
    """Line of its name in the file, from 1."""
    agent: Agent = Agent()
    build: Build = Build()
    command: Texts | None = None
    """Arguments to run instead of the image's; None keeps the image's."""
    deployment: Deployment = Deployment()
    domains: Texts = ()
    drain: int = 0
    environment: Texts = ()
    """Declarations, the manifest's own first; `environment.py` says what they mean."""
    health: Health = Health()
    image: str = ""
    init: bool = False
    internal: bool = False
    internal_and_external: bool = False
    links: Texts = ()
    nlb: tuple[NlbListener, ...] = ()
    policies: Texts = ()
    port: Port = Port()
    privileged: bool = False
    resources: Texts = ()
    scale: Scale = Scale()
    singleton: bool = False
    sticky: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    termination_grace: int = 0
    """Seconds between TERM and KILL."""
    test: str = ""
    volumes: Texts = ()

    @property
    def autoscales(self) -> bool:
        """Whether the count moves by itself between its bounds."""
        targets = self.scale.targets
        aims = targets.cpu > 0 or targets.memory > 0 or targets.requests > 0
        moves = self.scale.count.min != self.scale.count.max and not self.agent.enabled
        return moves and (aims or bool(targets.custom))


@dataclass(frozen=True)
class Resource:
    """A datastore or the like that services link to."""

    name: str
    line: int = 0
    type: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Timer:
    """A command run on a schedule in a service's image."""

    name: str
    line: int = 0
    command: str = ""
    schedule: str = ""
    service: str = ""
    policies: Texts = ()
    concurrency: str = ""
    """`allow` or `forbid`; empty is `forbid`. Ours."""


@dataclass(frozen=True)
class Manifest:
    """A whole convox.yml."""

    environment: Texts = ()
    params: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    services: tuple[Service, ...] = ()
    timers: tuple[Timer, ...] = ()
    attributes: frozenset[str] = frozenset()
    """Paths of everything present in the file: `services.web.scale.count`."""

    def service(self, name: str) -> Service:
        """Return the service of this name; the first, if the file names it twice.

        Raises:
            NotFoundError: there is none.
        """
        for service in self.services:
            if service.name == name:
                return service
        raise NotFoundError(f"no such service: {name}")
