"""Containers as the processes that users see. Pure."""

from __future__ import annotations

from convox.api.types import Process
from convox.providers.local.containers import Container
from convox.providers.local.layout import (
    LABEL_APP,
    LABEL_BUILD,
    LABEL_KIND,
    LABEL_RELEASE,
    LABEL_SERVICE,
    Layout,
)

KINDS = frozenset({"service", "oneoff", "timer"})
ONCE = frozenset({"oneoff", "timer"})
"""Kinds whose processes end by themselves, and are then not replaced."""
_SHELL = "sh -c "
_WORDS = {"created": "pending", "restarting": "pending", "removing": "stopping"}


def process_of(layout: Layout, container: Container, *, instance: str, word: str = "") -> Process:
    """Return a container as a process.

    Args:
        layout: names the image.
        container: of a service or a one-off.
        instance: the rack's one instance.
        word: the status that the reconciler knows better; empty if it has none.
    """
    labels = container.labels
    app, service = labels.get(LABEL_APP, ""), labels.get(LABEL_SERVICE, "")
    build = labels.get(LABEL_BUILD, "")
    return Process(
        id=container.pid,
        app=app,
        command=container.command.removeprefix(_SHELL),
        image=layout.image(app, service, build) if build else container.image,
        instance=instance,
        name=service,
        release=labels.get(LABEL_RELEASE, ""),
        started=container.started or container.created,
        status=word or status_of(container),
    )


def status_of(container: Container) -> str:
    """Return how a container does, in a word; an ended one says how it ended."""
    if container.status in ("exited", "dead"):
        return ended_word(container)
    if container.status == "running" and container.labels.get(LABEL_KIND) not in ONCE:
        return {"starting": "pending", "unhealthy": "unhealthy"}.get(container.health, "running")
    return _WORDS.get(container.status, container.status)


def ended_word(container: Container) -> str:
    """Return how an ended container ended."""
    if container.exit_code == 0:
        return "stopped"
    memory = " (out of memory)" if container.oom_killed else ""
    return f"exited {container.exit_code}{memory}"
