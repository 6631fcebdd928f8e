"""One service: every attribute, in every form that the incumbent takes.

Attributes apply in the order of the file, later ones over earlier ones, as the incumbent's
decoder does it. After a merge that means: scalars are replaced, but the lists of `environment`,
`domain` and `command` grow, and a port keeps the merged scheme. Defaults are not applied here.

Source: manifest.md section 3; error texts are the incumbent's.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from convox.manifest import fields
from convox.manifest.gotext import describe, type_name
from convox.manifest.listeners import decode_listeners
from convox.manifest.model import Build, Health, Service
from convox.manifest.nodes import ListNode, MapNode, Node, ScalarNode, is_null, is_text
from convox.manifest.ports import decode_agent, decode_port
from convox.manifest.scale import decode_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from convox.manifest.findings import Report

    Decoder = Callable[[Service, Node, Report], Service]

_EMPTY = Service("")


def decode_service(name: str, line: int, node: Node, report: Report) -> Service:
    """Return the service that a map describes; unknown keys are not looked at."""
    service = Service(name, line)
    found = fields.mapping(f"service {name}", node, report)
    for key, value in () if found is None else found.pairs:
        if key.text in DECODERS:
            attribute, decoder = DECODERS[key.text]
            if is_null(value):
                service = fields.changed(service, attribute, getattr(_EMPTY, attribute))
            else:
                service = decoder(service, value, report)
    return service


def decode_environment(node: Node, report: Report) -> tuple[str, ...]:
    """Return the declarations of an `environment` list, nested lists opened once."""
    if not isinstance(node, ListNode):
        wire = f"unknown type for service environment: {type_name(node)}"
        message = f"environment is {describe(node)}, must be a list of KEY or KEY=default"
        report.error(node.at, message, wire=wire)
        return ()
    opened: list[Node] = []
    for item in node.items:
        opened += item.items if isinstance(item, ListNode) else (item,)
    for item in opened:
        if not is_text(item):
            hint = "write KEY or KEY=default"
            report.warn(item.at, f"environment has {describe(item)}, which is ignored; {hint}")
    return tuple(item.text for item in opened if isinstance(item, ScalarNode) and is_text(item))


def _agent(service: Service, node: Node, report: Report) -> Service:
    return replace(service, agent=decode_agent(service.agent, node, report))


def _build(service: Service, node: Node, report: Report) -> Service:
    match node:
        case ScalarNode(value=str() as path):
            return replace(service, build=replace(service.build, path=path))
        case MapNode():
            return replace(service, build=_build_map(node, report))
        case _:
            pass
    wire = f"unknown type for service build: {type_name(node)}"
    message = f"build is {describe(node)}, must be a path or a map of path, manifest and args"
    report.error(node.at, message, wire=wire)
    return service


def _build_map(node: MapNode, report: Report) -> Build:
    build = Build()
    for key, value in node.pairs:
        what = f"build.{key.text}"
        if key.text == "args":
            build = replace(build, args=fields.texts(what, value, report) or ())
        elif key.text in ("manifest", "path"):
            build = fields.changed(build, key.text, fields.text(what, value, report) or "")
    return build


def _command(service: Service, node: Node, report: Report) -> Service:
    match node:
        case ScalarNode(value=str() as line):
            return replace(service, command=("sh", "-c", line))
        case ListNode():
            return _command_list(service, node, report)
        case _:
            _refuse_command(node, report)
            return service


def _command_list(service: Service, node: ListNode, report: Report) -> Service:
    wrong = [item for item in node.items if not is_text(item)]
    for item in wrong:
        _refuse_command(item, report)
    words = tuple(item.text for item in node.items if isinstance(item, ScalarNode))
    if service.command:
        report.warn(node.at, "command goes after the words of the command given before it")
    return service if wrong else replace(service, command=(service.command or ()) + words or None)


def _refuse_command(node: Node, report: Report) -> None:
    allowed = "must be a text or a list of texts, numbers in quotes"
    wire = f"unknown type for service command: {type_name(node)}"
    report.error(node.at, f"command is {describe(node)}, {allowed}", wire=wire)


def _deployment(service: Service, node: Node, report: Report) -> Service:
    found = fields.mapping("deployment", node, report)
    deployment = service.deployment
    for key, value in () if found is None else found.pairs:
        if key.text in ("minimum", "maximum"):
            number = fields.integer(f"deployment.{key.text}", value, report)
            deployment = fields.changed(deployment, key.text, number or 0)
    return replace(service, deployment=deployment)


def _domain(service: Service, node: Node, report: Report) -> Service:
    names: list[str] = []
    match node:
        case ScalarNode(value=str() as listed):
            names = listed.split(",")
        case ListNode():
            for item in node.items:
                if isinstance(item, ScalarNode) and is_text(item):
                    names.append(item.text)
                else:
                    _refuse_domain(item, report)
        case _:
            _refuse_domain(node, report)
    if service.domains:
        report.warn(node.at, "domain adds to the domains given before it")
    trimmed = tuple(name.strip() for name in names if name.strip())
    return replace(service, domains=service.domains + trimmed)


def _refuse_domain(node: Node, report: Report) -> None:
    wire = f"unknown type for service domain: {type_name(node)}"
    report.error(
        node.at, f"domain is {describe(node)}, must be a name or a list of names", wire=wire
    )


def _environment(service: Service, node: Node, report: Report) -> Service:
    declared = decode_environment(node, report)
    return replace(service, environment=service.environment + declared)


def _health(service: Service, node: Node, report: Report) -> Service:
    match node:
        case ScalarNode(value=str() as path):
            return replace(service, health=replace(service.health, path=path))
        case MapNode():
            return replace(service, health=_health_map(service.health, node, report))
        case _:
            pass
    wire = f"unknown type for service health: {type_name(node)}"
    message = (
        f"health is {describe(node)}, must be a path or a map of path, interval, timeout, grace"
    )
    report.error(node.at, message, wire=wire)
    return service


def _health_map(health: Health, node: MapNode, report: Report) -> Health:
    for name in ("grace", "interval", "timeout", "path"):
        value = node.get(name)
        if value is None or is_null(value):
            continue
        is_path = name == "path"
        found = value.text if isinstance(value, ScalarNode) and is_text(value) else None
        known: str | int | None = found if is_path else fields.whole(value)
        if known is None:
            form = "text" if is_path else "a bare number"
            report.warn(value.at, f"health.{name} is {describe(value)} and ignored, write {form}")
        else:
            health = fields.changed(health, name, known)
    return health


def _nlb(service: Service, node: Node, report: Report) -> Service:
    listeners = decode_listeners(node, report)
    return service if listeners is None else replace(service, nlb=listeners)


def _port(service: Service, node: Node, report: Report) -> Service:
    return replace(service, port=decode_port(service.port, node, report))


def _scale(service: Service, node: Node, report: Report) -> Service:
    return replace(service, scale=decode_scale(service.scale, node, report))


def _tags(service: Service, node: Node, report: Report) -> Service:
    tags = fields.text_map("tags", node, report)
    return replace(service, tags={**service.tags, **(tags or {})})


def _termination(service: Service, node: Node, report: Report) -> Service:
    found = fields.mapping("termination", node, report)
    grace = found and found.get("grace")
    if grace is None:
        return service
    seconds = fields.integer("termination.grace", grace, report)
    return service if seconds is None else replace(service, termination_grace=seconds)


def _plain(
    attribute: str, read: Callable[[str, Node, Report], object], key: str
) -> tuple[str, Decoder]:
    return attribute, partial(_set, attribute, read, key)


def _set(
    attribute: str,
    read: Callable[[str, Node, Report], object],
    key: str,
    service: Service,
    node: Node,
    report: Report,
) -> Service:
    value = read(key, node, report)
    return service if value is None else fields.changed(service, attribute, value)


DECODERS: dict[str, tuple[str, Decoder]] = {
    "agent": ("agent", _agent),
    "build": ("build", _build),
    "command": ("command", _command),
    "deployment": ("deployment", _deployment),
    "domain": ("domains", _domain),
    "drain": _plain("drain", fields.integer, "drain"),
    "environment": ("environment", _environment),
    "health": ("health", _health),
    "image": _plain("image", fields.text, "image"),
    "init": _plain("init", fields.boolean, "init"),
    "internal": _plain("internal", fields.boolean, "internal"),
    "internalAndExternal": _plain("internal_and_external", fields.boolean, "internalAndExternal"),
    "links": _plain("links", fields.texts, "links"),
    "nlb": ("nlb", _nlb),
    "policies": _plain("policies", fields.texts, "policies"),
    "port": ("port", _port),
    "privileged": _plain("privileged", fields.boolean, "privileged"),
    "resources": _plain("resources", fields.texts, "resources"),
    "scale": ("scale", _scale),
    "singleton": _plain("singleton", fields.boolean, "singleton"),
    "sticky": _plain("sticky", fields.boolean, "sticky"),
    "tags": ("tags", _tags),
    "termination": ("termination_grace", _termination),
    "test": _plain("test", fields.text, "test"),
    "volumes": _plain("volumes", fields.texts, "volumes"),
}
