"""What is, as values: the processes of an app, its network, what the router serves.

Everything comes from Docker's containers and labels, from the prober's verdicts, and from the
little that a worker remembers between two passes (memory.py), which it may lose at any moment.
Pure: worker.py fetches, `process_of` judges. Read plan.py next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from convox.providers.local.caddy import Route
from convox.providers.local.containers import Container
from convox.providers.local.desired import DesiredService
from convox.providers.local.layout import (
    LABEL_DRAIN,
    LABEL_GRACE,
    LABEL_RELEASE,
    LABEL_SERVICE,
    LABEL_SIGNAL,
    LABEL_SPEC,
)

ALIVE_S = 2
"""A process without port and HEALTHCHECK is up once it has lived so long."""
SETTLED_S = 60
"""A process that has lived so long has its earlier exits forgiven."""
BACKOFF_FIRST_S = 0.2
BACKOFF_MOST_S = 60.0


class State(StrEnum):
    """How a process does."""

    CREATED = "created"
    """Made but never started: a start was cut short."""
    STARTING = "starting"
    UP = "up"
    FAILING = "failing"
    """It was up and two checks in a row have failed."""
    LOST = "lost"
    """It runs without an address in the app's network."""
    EXITED = "exited"


class Phase(StrEnum):
    """How far a process that goes away has come."""

    DRAINING = "draining"
    STOPPING = "stopping"


@dataclass(frozen=True)
class Leaving:
    """A process on its way out, and until when this phase may last."""

    phase: Phase
    until: datetime


@dataclass(frozen=True)
class Verdict:
    """What the prober says of a process."""

    probed: bool = False
    """Whether any check has ended."""
    up: bool = False
    failing: bool = False
    note: str = ""
    """What the last check got: `GET / answered 503`."""


@dataclass(frozen=True)
class Exits:
    """How often a process has ended in a row, and when it last did."""

    count: int = 0
    last: datetime | None = None
    code: int = 0
    """Its status, the last time."""
    oom_killed: bool = False


@dataclass(frozen=True)
class Fault:
    """A process of a service that could not even be started."""

    message: str
    at: datetime
    count: int = 1


@dataclass(frozen=True)
class ObservedProcess:
    """One container of a service."""

    id: str
    service: str
    release: str
    spec: str
    state: State
    address: str = ""
    since: datetime | None = None
    """When it started; for an exited one, when it ended."""
    exits: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    probed: bool = False
    """False while nothing is known of its health yet."""
    served: bool = False
    """Whether requests may still be under way in it."""
    leaving: Leaving | None = None
    drain_s: int = 0
    grace_s: int = 30
    signal: str = ""
    note: str = ""

    @property
    def retry_at(self) -> datetime | None:
        """When an exited process may be started again; None at once."""
        if self.since is None or not self.exits:
            return None
        return self.since + timedelta(seconds=backoff_s(self.exits))


@dataclass(frozen=True)
class ObservedApp:
    """An app as it is."""

    network: bool = False
    joined: bool = False
    """Whether the router is in the network under every name that links need."""
    processes: tuple[ObservedProcess, ...] = ()
    routes: tuple[Route, ...] | None = None
    """What the router serves for the app; None when that is not known."""
    faults: Mapping[tuple[str, str], Fault] = field(default_factory=dict)
    """Failed starts by service and spec."""
    reason: str = ""
    """Why the app is unwell, as recorded."""


def backoff_s(exits: int) -> float:
    """Return how long to wait before the next start after so many exits in a row."""
    return min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2.0 ** min(exits - 1, 20))


def exits_of(container: Container, known: Exits) -> Exits:
    """Return the exits in a row of a container, counting one that is new."""
    if container.status not in ("exited", "dead"):
        return known
    if container.finished == known.last and known.count:
        return known
    lived = _lived(container)
    count = 1 if lived >= timedelta(seconds=SETTLED_S) else known.count + 1
    return Exits(count, container.finished, container.exit_code, container.oom_killed)


def process_of(
    container: Container,
    network: str,
    desired: DesiredService | None,
    verdict: Verdict,
    now: datetime,
) -> ObservedProcess:
    """Return a container as a process, without what the worker remembers of it."""
    labels = container.labels
    address = container.addresses.get(network, "")
    state = _state(container, address, desired, verdict, now)
    ended = state is State.EXITED
    return ObservedProcess(
        id=container.id,
        service=labels.get(LABEL_SERVICE, ""),
        release=labels.get(LABEL_RELEASE, ""),
        spec=labels.get(LABEL_SPEC, ""),
        state=state,
        address=address,
        since=container.finished if ended else container.started,
        probed=verdict.probed or desired is None or not desired.port,
        drain_s=_number(labels.get(LABEL_DRAIN, ""), 0),
        grace_s=_number(labels.get(LABEL_GRACE, ""), 30),
        signal=labels.get(LABEL_SIGNAL, "") or "SIGTERM",
        note=verdict.note,
    )


def _state(
    container: Container,
    address: str,
    desired: DesiredService | None,
    verdict: Verdict,
    now: datetime,
) -> State:
    if container.status == "created":
        return State.CREATED
    if container.status not in ("running", "paused", "restarting"):
        return State.EXITED
    if not address:
        return State.LOST
    if desired is not None and desired.port:
        return _probed_state(verdict)
    return _unprobed_state(container, now)


def _probed_state(verdict: Verdict) -> State:
    if verdict.failing:
        return State.FAILING
    return State.UP if verdict.up else State.STARTING


def _unprobed_state(container: Container, now: datetime) -> State:
    match container.health:
        case "healthy":
            return State.UP
        case "unhealthy":
            return State.FAILING
        case "starting":
            return State.STARTING
        case _:
            started = container.started or now
            alive = now - started >= timedelta(seconds=ALIVE_S)
            return State.UP if alive else State.STARTING


def _lived(container: Container) -> timedelta:
    if container.started is None or container.finished is None:
        return timedelta()
    return container.finished - container.started


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default
