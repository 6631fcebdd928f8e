"""The incumbent's defaults, applied to one decoded service.

Some depend on a value being empty, some on its key being absent; the difference is kept, because
`scale: {}` and `deployment: {minimum: 0}` mean something because of it.

Source: manifest.md section 4.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from convox.manifest.model import (
    Build,
    Cooldown,
    Count,
    Deployment,
    Health,
    NlbListener,
    Scale,
    Service,
)


class Present:
    """The attribute paths of a file: which are there, and how many begin in some way."""

    def __init__(self, paths: frozenset[str]) -> None:
        self._paths = paths
        self._sorted = sorted(paths)

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def beginning(self, prefix: str) -> int:
        """Return how many paths begin with `prefix`."""
        end = bisect_left(self._sorted, prefix + chr(0x10FFFF))
        return end - bisect_left(self._sorted, prefix)


def with_defaults(service: Service, attributes: Present, environment: tuple[str, ...]) -> Service:
    """Return the service complete, with the manifest's own `environment` before its own."""
    here = f"services.{service.name}"
    port = service.port
    if port.port > 0 and not port.scheme:
        port = replace(port, scheme="http")
    grace_given = f"{here}.termination.grace" in attributes
    return replace(
        service,
        build=_build(service),
        deployment=_deployment(service, f"{here}.deployment", attributes),
        drain=service.drain or 30,
        environment=environment + service.environment,
        health=_health(service.health),
        internal=service.internal or service.internal_and_external,
        nlb=tuple(map(_listener, service.nlb)),
        port=port,
        scale=_scale(service.scale, f"{here}.scale", attributes),
        sticky=service.sticky if f"{here}.sticky" in attributes else True,
        termination_grace=service.termination_grace if grace_given else 30,
    )


def _build(service: Service) -> Build:
    build = service.build
    if not build.path and not service.image:
        build = replace(build, path=".")
    if build.path and not build.manifest:
        build = replace(build, manifest="Dockerfile")
    return build


def _deployment(service: Service, here: str, attributes: Present) -> Deployment:
    alone = service.agent.enabled or service.singleton
    minimum, maximum = (0, 100) if alone else (50, 200)
    given = service.deployment
    return Deployment(
        minimum=given.minimum if f"{here}.minimum" in attributes else minimum,
        maximum=given.maximum if f"{here}.maximum" in attributes else maximum,
    )


def _health(health: Health) -> Health:
    interval = health.interval or 5
    return Health(
        path=health.path or "/",
        interval=interval,
        grace=health.grace or interval,
        timeout=health.timeout or interval - 1,
    )


def _scale(scale: Scale, here: str, attributes: Present) -> Scale:
    # The incumbent counts by prefix, so that `scaling: 1` counts as well; kept as it is.
    given = attributes.beginning(here)
    count, cooldown = scale.count, scale.cooldown
    if given == 0 or (given > 1 and f"{here}.count" not in attributes):
        count = Count(1, 1)
    if f"{here}.cooldown" not in attributes:
        cooldown = Cooldown(60, 60)
    return replace(
        scale, count=count, cooldown=cooldown, cpu=scale.cpu or 256, memory=scale.memory or 512
    )


def _listener(listener: NlbListener) -> NlbListener:
    return replace(
        listener,
        protocol=listener.protocol.strip().lower() or "tcp",
        scheme=listener.scheme.strip().lower() or "public",
        container_port=listener.container_port or listener.port,
    )
