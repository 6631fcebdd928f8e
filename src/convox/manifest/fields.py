"""Decode one node into one plain value: text, number, yes or no, list, map.

Each function reports what does not fit and returns None; the caller keeps what it had. The
coercions are the incumbent's: numbers become text, a fraction is cut off where a whole number is
wanted, nothing is zero, and quoted words are not booleans.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from convox.manifest.gotext import describe
from convox.manifest.nodes import ListNode, MapNode, Node, ScalarNode, is_null
from convox.manifest.scalars import INT_MAX, INT_MIN

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from convox.manifest.findings import Report

T = TypeVar("T", bound="DataclassInstance")


def changed(value: T, name: str, new: object) -> T:
    """Return a copy of a value with the field of this name changed; the caller knows its type."""
    change: dict[str, Any] = {name: new}
    return replace(value, **change)


def text(what: str, node: Node, report: Report) -> str | None:
    """Return the text of any scalar."""
    if isinstance(node, ScalarNode):
        return node.text
    _refuse(what, node, report, "must be text")
    return None


def integer(what: str, node: Node, report: Report) -> int | None:
    """Return a whole number of 64 bits."""
    match node:
        case ScalarNode(value=None):
            return 0
        case ScalarNode(value=bool()):
            pass
        case ScalarNode(value=int() | float() as value) if INT_MIN <= value <= INT_MAX:
            return int(value)
        case _:
            pass
    _refuse(what, node, report, "must be a whole number, not quoted")
    return None


def boolean(what: str, node: Node, report: Report) -> bool | None:
    """Return yes or no."""
    if is_null(node):
        return False
    if isinstance(node, ScalarNode) and isinstance(node.value, bool):
        return node.value
    _refuse(what, node, report, "must be true or false, not quoted")
    return None


def texts(what: str, node: Node, report: Report) -> tuple[str, ...] | None:
    """Return a list of texts; nothing is an empty list."""
    if is_null(node):
        return ()
    if not isinstance(node, ListNode):
        _refuse(what, node, report, "must be a list")
        return None
    items = [text(f"{what}[{index}]", item, report) for index, item in enumerate(node.items)]
    return None if None in items else tuple(item for item in items if item is not None)


def text_map(what: str, node: Node, report: Report) -> dict[str, str] | None:
    """Return a map of names to texts; nothing is an empty map."""
    if is_null(node):
        return {}
    if not isinstance(node, MapNode):
        _refuse(what, node, report, "must be a map of names to texts")
        return None
    values = {key.text: text(f"{what}.{key.text}", item, report) for key, item in node.pairs}
    return {name: value for name, value in values.items() if value is not None}


def mapping(what: str, node: Node, report: Report) -> MapNode | None:
    """Return the node itself if it is a map; nothing is an empty one."""
    if isinstance(node, MapNode):
        return node
    if is_null(node):
        return MapNode(node.at, ())
    _refuse(what, node, report, "must be a map")
    return None


def whole(node: Node | None) -> int | None:
    """Return the number of an unquoted whole number, None for anything else; reports nothing."""
    match node:
        case ScalarNode(value=bool()):
            return None
        case ScalarNode(value=int() as value) if value <= INT_MAX:
            return value
        case _:
            return None


def _refuse(what: str, node: Node, report: Report, allowed: str) -> None:
    report.error(node.at, f"{what} is {describe(node)}, {allowed}")
