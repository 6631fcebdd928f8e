"""One-off processes as values: what container runs a command beside a service, and how long.

A one-off has the image, env, network, limits and volumes of its service, and a deadline in its
labels, so that it is reaped even by a rack that has forgotten everything else. Pure.
Read processes.py next: it starts and stops them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from convox.providers.local.containers import Container, ContainerSpec
from convox.providers.local.desired import CAPABILITIES, DesiredService
from convox.providers.local.layout import (
    LABEL_BUILD,
    LABEL_DEADLINE,
    LABEL_RELEASE,
    LABEL_SERVICE,
    Layout,
)

MAX_LIFE_S = 24 * 3600
"""How long a one-off may live when its command does not tell."""
GRACE_S = 10
_IDLE = re.compile(r"sleep (\d{1,7})")
_AFTER_IDLE_S = 60
_KEPT_S = 60
_UNSTARTED_S = 300


@dataclass(frozen=True)
class OneOff:
    """What is asked of a one-off process."""

    command: str = ""
    """As a person wrote it; empty runs what the service runs."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Over the service's own."""
    memory_mib: int = 0
    """Instead of the service's; 0 leaves that."""


def oneoff_spec(
    layout: Layout, app: str, service: DesiredService, wish: OneOff, *, suffix: str, now: datetime
) -> ContainerSpec:
    """Return the container of a one-off process of a service."""
    labels = {
        **layout.labels("oneoff", app),
        LABEL_SERVICE: service.name,
        LABEL_RELEASE: service.release,
        LABEL_BUILD: service.build,
        LABEL_DEADLINE: str(int(now.timestamp()) + life_s(wish.command)),
    }
    return ContainerSpec(
        name=layout.container(app, service.name, suffix),
        image=service.image,
        labels=labels,
        command=("sh", "-c", wish.command) if wish.command else service.command,
        # What only waits for an exec must not pass through an ENTRYPOINT, which may be no shell.
        entrypoint=() if _IDLE.fullmatch(wish.command) else None,
        env={**service.env, **wish.env},
        network=layout.network(app),
        networks=service.networks,
        memory_mib=wish.memory_mib or service.memory_mib,
        cpu_units=service.cpu_units,
        init=True,
        privileged=service.privileged,
        mounts=service.mounts,
        cap_drop=() if service.privileged else ("ALL",),
        cap_add=() if service.privileged else CAPABILITIES,
        stop_grace_s=GRACE_S,
    )


def life_s(command: str) -> int:
    """Return how long a one-off may live: what `sleep N` says and a minute, else a day."""
    idle = _IDLE.fullmatch(command)
    return int(idle.group(1)) + _AFTER_IDLE_S if idle else MAX_LIFE_S


def is_due(container: Container, now: datetime) -> bool:
    """Tell whether a one-off is to be removed: over its deadline, ended, or never started."""
    if container.status in ("exited", "dead"):
        ended = container.finished or container.created or now
        return now - ended >= timedelta(seconds=_KEPT_S)
    if container.status == "created":
        return now - (container.created or now) >= timedelta(seconds=_UNSTARTED_S)
    return is_late(container, now)


def is_late(container: Container, now: datetime) -> bool:
    """Tell whether a one-off is over its deadline."""
    deadline = container.labels.get(LABEL_DEADLINE, "")
    return deadline.isdigit() and now.timestamp() >= int(deadline)
