"""What the engine reports besides containers, as values; containers.py has those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True)
class EngineInfo:
    """The engine and the machine it runs on."""

    version: str
    api_version: str
    cpus: int
    memory_mib: int
    name: str


@dataclass(frozen=True)
class EngineEvent:
    """Something that happened to a container."""

    action: str
    """die, start, health_status, oom or destroy."""
    id: str
    labels: Mapping[str, str]
    at: datetime
    detail: str = ""
    """For health_status: healthy or unhealthy. For die: the exit code."""


class LogEntry(NamedTuple):
    """One line that a container wrote, without its newline."""

    stream: str
    """stdout or stderr; always stdout with a terminal."""
    at: datetime
    line: bytes


@dataclass(frozen=True)
class Image:
    """An image with what it says about running it."""

    id: str
    labels: Mapping[str, str]
    tags: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    healthcheck: bool = False
    exposed: tuple[int, ...] = ()
    """TCP ports, ascending."""
    stop_signal: str = ""
    """What the image wants its process to be asked to end with; empty is SIGTERM."""


@dataclass(frozen=True)
class ImageSummary:
    """An image in a listing."""

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Network:
    """A bridge network."""

    name: str
    id: str
    cidr: str
    labels: Mapping[str, str]
    containers: tuple[str, ...] = ()
    """Ids of the running containers in it."""


@dataclass(frozen=True)
class Volume:
    """A named volume."""

    name: str
    labels: Mapping[str, str]
