"""The steps of an app's plan, as data. `str()` of each is the sentence that people read.

runner.py does them; nothing here does anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from convox.providers.local.caddy import Route
from convox.providers.local.desired import DesiredService


@dataclass(frozen=True)
class CreateNetwork:
    """Make the app's network."""

    network: str

    def __str__(self) -> str:
        return f"create network {self.network}"


@dataclass(frozen=True)
class JoinRouter:
    """Put the router into the app's network, under the names that links use."""

    network: str
    aliases: tuple[str, ...]

    def __str__(self) -> str:
        return f"join the router to {self.network}"


@dataclass(frozen=True)
class StartProcess:
    """Create a process of a service and start it."""

    service: DesiredService

    def __str__(self) -> str:
        return f"start a process of {self.service.name}, release {self.service.release}"


@dataclass(frozen=True)
class RestartProcess:
    """Start a process again that has ended, or whose start was cut short."""

    id: str
    service: str
    spec: str
    networks: tuple[str, ...] = ()
    """Those that it has to be in, which a start that was cut short may have left out."""

    def __str__(self) -> str:
        return f"start {self.id[:12]} of {self.service} again"


@dataclass(frozen=True)
class AwaitHealth:
    """Look again when a process's health changes, at the latest at `until`."""

    service: str
    id: str
    until: datetime | None

    def __str__(self) -> str:
        return f"wait for {self.id[:12]} of {self.service} to be healthy"


@dataclass(frozen=True)
class AwaitTime:
    """Look again at a moment."""

    what: str
    until: datetime

    def __str__(self) -> str:
        return f"wait to {self.what}"


@dataclass(frozen=True)
class SwitchRoutes:
    """Serve exactly these routes for the app, all at once."""

    routes: tuple[Route, ...]

    def __str__(self) -> str:
        upstreams = sum(len(route.upstreams) for route in self.routes)
        return f"route {len(self.routes)} services to {upstreams} processes"


@dataclass(frozen=True)
class DrainProcess:
    """Let a process finish what it is answering; nothing new reaches it."""

    id: str
    service: str
    seconds: int

    def __str__(self) -> str:
        return f"drain {self.id[:12]} of {self.service} for {self.seconds} s"


@dataclass(frozen=True)
class StopProcess:
    """Ask a process to end."""

    id: str
    service: str
    signal: str
    grace_s: int

    def __str__(self) -> str:
        return f"stop {self.id[:12]} of {self.service} within {self.grace_s} s"


@dataclass(frozen=True)
class RemoveProcess:
    """Remove a container, running or not."""

    id: str
    service: str

    def __str__(self) -> str:
        return f"remove {self.id[:12]} of {self.service}"


@dataclass(frozen=True)
class DeleteResource:
    """Remove a resource's data, its network and its row; nothing runs of it any more."""

    name: str

    def __str__(self) -> str:
        return f"delete the data of resource {self.name}"


@dataclass(frozen=True)
class FinishPromote:
    """Record how a promote ended."""

    release: str
    promoted: bool
    cause: str = ""
    culprit: str = ""
    """The container whose last lines explain it."""

    def __str__(self) -> str:
        return f"record {self.release} as {'active' if self.promoted else 'failed'}"


@dataclass(frozen=True)
class ReportTrouble:
    """Record why the app is unwell though nobody is deploying."""

    cause: str
    culprit: str = ""

    def __str__(self) -> str:
        return f"report: {self.cause}"


@dataclass(frozen=True)
class ClearTrouble:
    """Record that the app is well again."""

    def __str__(self) -> str:
        return "report that all is well"


Step = (
    CreateNetwork
    | JoinRouter
    | StartProcess
    | RestartProcess
    | AwaitHealth
    | AwaitTime
    | SwitchRoutes
    | DrainProcess
    | StopProcess
    | RemoveProcess
    | DeleteResource
    | FinishPromote
    | ReportTrouble
    | ClearTrouble
)
