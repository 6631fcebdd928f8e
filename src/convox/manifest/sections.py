"""The whole tree to drafts: services, resources, timers, parameters, in the order of the file.

A draft is the value so far and the nodes it came from, so that later rules can point at them.
What the incumbent writes out and reads again is rewritten first (`nodes.rewritten`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from convox.manifest import fields
from convox.manifest.gotext import describe, type_name
from convox.manifest.model import Resource, Service, Timer
from convox.manifest.nodes import ListNode, MapNode, Node, ScalarNode, is_null, rewritten
from convox.manifest.services import decode_environment, decode_service

if TYPE_CHECKING:
    from collections.abc import Callable

    from convox.manifest.findings import Report

T = TypeVar("T")

# The incumbent makes several resources of each, and a CloudFormation template holds 500.
MAX_SERVICES = 500


@dataclass(frozen=True)
class Draft(Generic[T]):
    """A named value and where it stands."""

    value: T
    key: ScalarNode
    node: Node
    sound: bool = True
    """Whether it was decoded without an error."""

    def at(self, *path: str | int) -> int:
        """Return the offset of a part, or of the nearest whole that is there."""
        return _place(self.node, self.key.at, path)


def _place(node: Node, at: int, path: tuple[str | int, ...]) -> int:
    for step in path:
        inner = _step(node, step)
        if inner is None:
            break
        node, at = inner, inner.at
    return at


def _step(node: Node, step: str | int) -> Node | None:
    if isinstance(node, MapNode) and isinstance(step, str):
        return node.get(step)
    if isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    if isinstance(node, ListNode) and isinstance(step, str):
        return next((item for item in node.items if _says(item, step)), None)
    return None


def _says(node: Node, text: str) -> bool:
    return isinstance(node, ScalarNode) and node.text == text


@dataclass
class Drafts:
    """All that a manifest holds, before defaults and rules."""

    root: MapNode
    environment: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[Draft[Resource], ...] = ()
    services: tuple[Draft[Service], ...] = ()
    timers: tuple[Draft[Timer], ...] = ()

    def at(self, *path: str | int) -> int:
        """Return the offset of a part of the file, or of the nearest whole that is there."""
        return _place(self.root, self.root.at, path)


def decode(root: Node | None, report: Report) -> Drafts:
    """Return the drafts of a tree; an empty file is an empty manifest."""
    if root is None or is_null(root):
        return Drafts(MapNode(0, ()))
    if not isinstance(root, MapNode):
        report.error(root.at, f"the file is {describe(root)}, must be a map with a key services")
        return Drafts(MapNode(root.at, ()))
    drafts = Drafts(root)
    for key, node in root.pairs:
        _section(drafts, key.text, node, report)
    return drafts


def _section(drafts: Drafts, key: str, node: Node, report: Report) -> None:
    match key:
        case "environment" if not is_null(node):
            drafts.environment += decode_environment(node, report)
        case "params":
            params = fields.text_map("params", node, report) or {}
            drafts.params = {**drafts.params, **params}
        case "resources":
            drafts.resources += _named("resources", node, report, _resource)
        case "services" if isinstance(node, MapNode) and len(node.pairs) > MAX_SERVICES:
            message = f"{len(node.pairs)} services, must be at most {MAX_SERVICES}"
            report.error(node.at, message)
        case "services":
            drafts.services += _named("services", node, report, _service)
        case "timers":
            drafts.timers += _named("timers", node, report, _timer)
        case _:
            pass


def _named(
    what: str,
    node: Node,
    report: Report,
    decode_one: Callable[[str, int, Node, Report], T],
) -> tuple[Draft[T], ...]:
    if is_null(node) or (isinstance(node, ListNode) and not node.items):
        return ()
    if not isinstance(node, MapNode):
        report.error(node.at, f"{what} is {describe(node)}, must be a map of names")
        return ()
    drafts = []
    for key, value in node.pairs:
        if isinstance(key.value, bool | float | None):
            wire = f"unknown key type: {type_name(key)}"
            shown = f"{describe(key)} in {what} is a {type_name(key)}"
            report.error(key.at, f"{shown}, must be a name; put it in quotes", wire=wire)
            continue
        line, _ = report.source.position(key.at)
        name = key.text if isinstance(key.value, str) else str(key.value)
        again, errors = rewritten(value), report.errors
        decoded = decode_one(name, line, again, report)
        drafts.append(Draft(decoded, key, again, sound=report.errors == errors))
    return tuple(drafts)


def _service(name: str, line: int, node: Node, report: Report) -> Service:
    return decode_service(name, line, node, report)


def _resource(name: str, line: int, node: Node, report: Report) -> Resource:
    resource = Resource(name, line)
    found = fields.mapping(f"resource {name}", node, report)
    for key, value in () if found is None else found.pairs:
        if key.text == "type":
            kind = fields.text("type", value, report)
            resource = replace(resource, type=kind or "")
        elif key.text in ("options", "tags"):
            texts = fields.text_map(key.text, value, report) or {}
            merged = {**getattr(resource, key.text), **texts}
            resource = fields.changed(resource, key.text, merged)
    return resource


def _timer(name: str, line: int, node: Node, report: Report) -> Timer:
    timer = Timer(name, line)
    found = fields.mapping(f"timer {name}", node, report)
    for key, value in () if found is None else found.pairs:
        if key.text in ("command", "schedule", "service", "concurrency"):
            words = fields.text(key.text, value, report)
            timer = fields.changed(timer, key.text, words or "")
        elif key.text == "policies":
            timer = replace(timer, policies=fields.texts("policies", value, report) or ())
    return timer


def attributes(root: Node | None) -> frozenset[str]:
    """Return the dotted paths of all keys of a tree, through maps only, the last of each name.

    Source: manifest.md section 1, step 3; keys that are neither text nor whole numbers are left
    out, with all below them.
    """
    found: set[str] = set()
    _walk(root, "", found)
    return frozenset(found)


def _walk(node: Node | None, prefix: str, found: set[str]) -> None:
    if not isinstance(node, MapNode):
        return
    last = {key.text: (key, value) for key, value in node.pairs}
    for key, value in last.values():
        if isinstance(key.value, bool | float | None):
            continue
        path = f"{prefix}{key.value}"
        found.add(path)
        _walk(value, f"{path}.", found)
