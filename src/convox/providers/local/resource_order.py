"""What resources mean for the plan of their app: who waits for whom, and what goes away. Pure.

A service starts, and starts again, only when every resource that it lists is up, so that none
has to know how to wait for a database. Read plan.py for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from convox.providers.local.desired import DesiredApp, DesiredService, as_service
from convox.providers.local.observed import ObservedApp, State
from convox.providers.local.steps import DeleteResource, RestartProcess


def deletions(desired: DesiredApp, observed: ObservedApp) -> list[DeleteResource]:
    """Return the end of the resources that are to go and of which nothing is left running."""
    running = {process.service for process in observed.processes}
    return [DeleteResource(name) for name in desired.doomed if as_service(name) not in running]


def able(starts: Iterable[DesiredService], observed: ObservedApp) -> list[DesiredService]:
    """Return those of `starts` whose resources are up; the others are looked at again then."""
    up = _up(observed)
    return [service for service in starts if up.issuperset(service.needs)]


def ready_restarts(
    desired: DesiredApp, observed: ObservedApp, restarts: Iterable[RestartProcess]
) -> list[RestartProcess]:
    """Return those of `restarts` whose resources are up."""
    up = _up(observed)
    needs = {
        service.spec: service.needs
        for target in (desired.active, desired.pending)
        if target is not None
        for service in target.services
    }
    return [step for step in restarts if up.issuperset(needs.get(step.spec, ()))]


def is_kept(service: DesiredService) -> bool:
    """Tell whether it is a resource that no release lists: nothing depends on it."""
    return service.resource is not None and service.resource.kept


def _up(observed: ObservedApp) -> set[str]:
    return {process.service for process in observed.processes if process.state is State.UP}
