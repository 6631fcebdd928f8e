"""Warn about what loads and then fails or does nothing: at promote, in the cloud, or silently.

The incumbent loads all of it, so none of it may be an error here: what deploys there deploys
here.

Source: manifest.md sections 3, 5 (not validated at load), 7 and 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convox.manifest.rules import NAME
from convox.manifest.schedule import CONCURRENCY, schedule_problem

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from convox.manifest.findings import Report
    from convox.manifest.model import Resource, Service, Timer
    from convox.manifest.sections import Draft, Drafts

SCHEMES = ("http", "https", "grpc", "secure-grpc")
RESOURCE_TYPES = ("postgres", "mysql", "mariadb", "redis", "valkey", "memcached", "efs")
AGGREGATES = ("avg", "max", "min", "sum")


def give_advice(drafts: Drafts, services: Sequence[Service], report: Report) -> None:
    """Report all warnings that need the decoded manifest."""
    if not services and not report.errors:
        report.warn(drafts.root.at, "the file has no services, so nothing will run")
    names = {service.name: service for service in services}
    resources = [draft.value.name for draft in drafts.resources]
    for draft, service in zip(drafts.services, services, strict=True):
        _port(draft, service, report)
        _scale(draft, service, report)
        _links(draft, service, names, report)
        for name in service.resources:
            _known(draft, ("resources", name), f"resource {name}", name, resources, report)
    for resource in drafts.resources:
        _resource(resource, report)
    for timer in drafts.timers:
        _timer(timer, names, report)


def _port(draft: Draft[Service], service: Service, report: Report) -> None:
    port = service.port
    if not 0 <= port.port <= 65535:
        report.warn(draft.at("port"), f"port {port.port} is out of range, must be 1 to 65535")
    if port.scheme and port.scheme not in SCHEMES:
        allowed = f"must be one of {', '.join(SCHEMES)}"
        report.warn(
            draft.at("port", "scheme"), f'port scheme "{port.scheme}" is unknown, {allowed}'
        )


def _scale(draft: Draft[Service], service: Service, report: Report) -> None:
    count = service.scale.count
    if count.min > count.max or count.min < 0:
        message = f"scale from {count.min} to {count.max} is no range, must be low to high"
        report.warn(draft.at("scale", "count"), message)
    for metric in service.scale.targets.custom:
        if metric.aggregate not in AGGREGATES:
            path = f"{metric.namespace}/{metric.name}"
            at = draft.at("scale", "targets", "custom", path, "aggregate")
            allowed = f"must be one of {', '.join(AGGREGATES)}"
            report.warn(at, f'aggregate "{metric.aggregate}" of {path} is unknown, {allowed}')


def _links(
    draft: Draft[Service], service: Service, names: dict[str, Service], report: Report
) -> None:
    for name in service.links:
        _known(draft, ("links", name), f"link {name}", name, names, report)
        if name in names and not names[name].port.port and not report.passes():
            report.warn(
                draft.at("links", name), f"link {name} has no port, so its URL leads nowhere"
            )


def _resource(draft: Draft[Resource], report: Report) -> None:
    resource = draft.value
    _name(draft, resource.name, "resource", report)
    if resource.type.strip():
        what = f"resource type {resource.type}"
        _known(draft, ("type",), what, resource.type, RESOURCE_TYPES, report)


def _timer(draft: Draft[Timer], names: dict[str, Service], report: Report) -> None:
    timer = draft.value
    _name(draft, timer.name, "timer", report)
    if not timer.command:
        report.warn(draft.at("command"), f"timer {timer.name} has no command")
    if not timer.service:
        report.warn(draft.at("service"), f"timer {timer.name} has no service to run in")
    else:
        _known(draft, ("service",), f"service {timer.service}", timer.service, names, report)
    if problem := schedule_problem(timer.schedule):
        report.warn(draft.at("schedule"), f"timer {timer.name}: {problem}")
    if timer.concurrency not in CONCURRENCY:
        message = f"timer {timer.name}: concurrency must be allow or forbid"
        report.warn(draft.at("concurrency"), message)


def _name(draft: Draft[Resource] | Draft[Timer], name: str, what: str, report: Report) -> None:
    if not NAME.fullmatch(name):
        rule = "must be lower-case letters, digits and dashes, a letter first"
        report.warn(draft.key.at, f"{what} name {name} may be refused when it is made, {rule}")


def _known(
    draft: Draft[Service] | Draft[Resource] | Draft[Timer],
    path: tuple[str, ...],
    what: str,
    name: str,
    known: Collection[str],
    report: Report,
) -> None:
    if name not in known and not report.passes():
        report.warn(draft.at(*path), f"{what} is not defined, {report.allowed(name, known)}")
