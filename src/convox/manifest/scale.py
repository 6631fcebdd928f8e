"""The `scale` attribute in all its forms: a number, a range, a map of counts, sizes and targets.

Source: manifest.md section 3; error texts are the incumbent's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convox.manifest import fields
from convox.manifest.gotext import describe, formatted, type_name
from convox.manifest.model import Cooldown, Count, Metric, Scale, Targets
from convox.manifest.nodes import ListNode, MapNode, Node, ScalarNode, is_null
from convox.manifest.scalars import atoi

if TYPE_CHECKING:
    from convox.manifest.findings import Report

_COUNT_FORMS = 'must be a number, a range like 1-3, or a map of "min" and "max"'


def decode_scale(scale: Scale, node: Node, report: Report) -> Scale:
    """Return `scale` with what the attribute says."""
    match node:
        case MapNode():
            return _from_map(scale, node, report)
        case ScalarNode(value=str()):
            return replace(scale, count=_count(node, report) or scale.count)
        case _:
            number = fields.whole(node)
    if number is None:
        wire = f"unknown type for service scale: {type_name(node)}"
        report.error(node.at, f"scale is {describe(node)}, {_COUNT_FORMS}", wire=wire)
        return scale
    return replace(scale, count=Count(number, number))


def _from_map(scale: Scale, node: MapNode, report: Report) -> Scale:
    cooldown, count, targets = node.get("cooldown"), node.get("count"), node.get("targets")
    if cooldown is not None and not is_null(cooldown):
        scale = replace(scale, cooldown=_cooldown(cooldown, report) or scale.cooldown)
    if count is not None and not is_null(count):
        scale = replace(scale, count=_count(count, report) or scale.count)
    scale = replace(
        scale,
        cpu=_size("cpu", node, scale.cpu, report),
        memory=_size("memory", node, scale.memory, report),
    )
    if targets is not None and not is_null(targets):
        scale = replace(scale, targets=_targets(targets, report) or scale.targets)
    return scale


def _size(name: str, node: MapNode, current: int, report: Report) -> int:
    value = node.get(name)
    if value is None or is_null(value):
        return current
    number = fields.whole(value)
    if number is None:
        report.warn(value.at, f"scale.{name} is {describe(value)} and ignored, write a bare number")
        return current
    return number


def _count(node: Node, report: Report) -> Count | None:
    match node:
        case ScalarNode(value=str() as text):
            return _count_text(node, text, report)
        case MapNode():
            pair = _two(node, ("min", "max"), "scale", _COUNT_FORMS, report)
            return pair and Count(*pair)
        case _:
            number = fields.whole(node)
    if number is None:
        wire = f"invalid scale: {formatted(node)}"
        report.error(node.at, f"scale.count is {describe(node)}, {_COUNT_FORMS}", wire=wire)
        return None
    return Count(number, number)


def _count_text(node: ScalarNode, text: str, report: Report) -> Count | None:
    parts = text.split("-")
    numbers = [number for part in parts if (number := atoi(part)) is not None]
    if len(parts) <= 2 and len(numbers) == len(parts):
        return Count(numbers[0], numbers[-1])
    wire = f"invalid scale: {text}" if len(parts) > 2 else None
    report.error(node.at, f"scale is {describe(node)}, {_COUNT_FORMS}", wire=wire)
    return None


def _cooldown(node: Node, report: Report) -> Cooldown | None:
    allowed = 'must be seconds, or a map of "down" and "up"'
    match node:
        case MapNode():
            pair = _two(node, ("down", "up"), "cooldown", allowed, report)
            return pair and Cooldown(*pair)
        case ScalarNode(value=str() as text):
            number, wire = atoi(text), None
        case _:
            number, wire = fields.whole(node), f"invalid cooldown: {formatted(node)}"
    if number is None:
        report.error(node.at, f"scale.cooldown is {describe(node)}, {allowed}", wire=wire)
        return None
    return Cooldown(number, number)


def _two(
    node: MapNode, names: tuple[str, str], what: str, allowed: str, report: Report
) -> tuple[int, int] | None:
    """Return two numbers, quoted or not, 0 for each that is not there."""
    numbers: list[int] = []
    for name in names:
        value = node.get(name)
        if value is None or is_null(value):
            numbers.append(0)
            continue
        quoted = isinstance(value, ScalarNode) and isinstance(value.value, str)
        number = atoi(value.text) if isinstance(value, ScalarNode) and quoted else None
        number = fields.whole(value) if number is None else number
        if number is None:
            wire = None if quoted else f"invalid {what}: {formatted(node)}"
            report.error(value.at, f"{name} is {describe(value)}, {allowed}", wire=wire)
            return None
        numbers.append(number)
    return numbers[0], numbers[1]


def _targets(node: Node, report: Report) -> Targets | None:
    found = fields.mapping("scale.targets", node, report)
    if found is None:
        return None
    targets = Targets()
    for key, value in found.pairs:
        what = f"scale.targets.{key.text}"
        if key.text in ("cpu", "memory", "requests"):
            number = fields.integer(what, value, report)
            targets = targets if number is None else fields.changed(targets, key.text, number)
        elif key.text == "custom":
            targets = replace(targets, custom=_metrics(value, report))
    return targets


def _metrics(node: Node, report: Report) -> tuple[Metric, ...]:
    found = fields.mapping("scale.targets.custom", node, report)
    last = {} if found is None else {key.text: value for key, value in found.pairs}
    return tuple(_metric(path, value, report) for path, value in last.items())


def _metric(path: str, node: Node, report: Report) -> Metric:
    namespace, _, name = path.rpartition("/")
    metric = Metric(namespace=namespace, name=name)
    found = fields.mapping(f"scale.targets.custom.{path}", node, report)
    for key, value in () if found is None else found.pairs:
        what = f"{path}.{key.text}"
        match key.text:
            case "aggregate":
                text = fields.text(what, value, report)
                metric = replace(metric, aggregate=text or "")
            case "value":
                metric = replace(metric, value=_number(what, value, report))
            case "dimensions":
                dimensions = fields.text_map(what, value, report)
                metric = replace(metric, dimensions={**metric.dimensions, **(dimensions or {})})
            case _:
                pass
    return metric


def _number(what: str, node: Node, report: Report) -> float:
    if is_null(node):
        return 0.0
    if isinstance(node, ScalarNode) and not isinstance(node.value, bool | str | None):
        return float(node.value)
    kind = "a list" if isinstance(node, ListNode) else describe(node)
    report.error(node.at, f"{what} is {kind}, must be a number")
    return 0.0
