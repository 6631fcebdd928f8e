"""What the rack asks Docker to run and what Docker reports, as values.

engine.py turns these into Engine API calls and back; nothing else speaks Docker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Mount:
    """A volume or a host folder inside a container."""

    source: str
    """A volume name, or an absolute path of the host."""
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class PublishedPort:
    """A port of the host that reaches a port of the container; only the router has any."""

    host_ip: str
    host_port: int
    container_port: int


@dataclass(frozen=True)
class ContainerSpec:
    """Everything that makes a container.

    Always applied, whatever the spec says: `no-new-privileges`, a bounded pids limit, the engine's
    own log driver with rotation, no engine restart policy unless `restart_always`.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    """None keeps the image's own; () clears it."""
    env: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    """The one network joined at start; empty is no network at all."""
    networks: tuple[str, ...] = ()
    """Networks joined besides that one; all of them must be there."""
    aliases: tuple[str, ...] = ()
    address: str = ""
    """A fixed address in `network`; empty leaves it to the engine."""
    memory_mib: int = 0
    """A hard limit, swap included; 0 is none."""
    cpu_units: int = 0
    """1024 is one core, as a share under contention and a quota of what the host has; 0 is none."""
    init: bool = False
    privileged: bool = False
    mounts: tuple[Mount, ...] = ()
    published: tuple[PublishedPort, ...] = ()
    cap_drop: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    read_only: bool = False
    tty: bool = False
    stop_grace_s: int = 30
    restart_always: bool = False


@dataclass(frozen=True)
class Container:
    """A container as the engine reports it."""

    id: str
    name: str
    image: str
    """Image id, `sha256:...`."""
    labels: Mapping[str, str]
    status: str
    """created, running, paused, restarting, removing, exited or dead."""
    health: str = ""
    """starting, healthy, unhealthy; empty without a HEALTHCHECK."""
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Network name to IPv4 address."""
    command: str = ""
    """Path and arguments, as one line."""
    tty: bool = False

    @property
    def pid(self) -> str:
        """The process id that users see: twelve characters."""
        return self.id[:12]
