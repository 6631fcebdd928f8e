"""How Go prints a decoded YAML value: needed to repeat the incumbent's error texts.

Nothing but texts that scripts may match is built here; people read `describe`.

Source: Go `fmt`, verbs %T, %v and %s over yaml.v2's untyped values.
"""

from __future__ import annotations

from convox.manifest.nodes import ListNode, MapNode, Node, ScalarNode
from convox.manifest.scalars import INT_MAX, Plain, written

_SHOWN = 80


def describe(node: Node) -> str:
    """Return what a value is, for people."""
    match node:
        case ListNode():
            return "a list"
        case MapNode():
            return "a map"
        case ScalarNode(value=None):
            return "empty"
        case ScalarNode(value=str() as text):
            return f'"{_cut(text)}"'
        case ScalarNode(text=text):
            return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def type_name(node: Node) -> str:
    """Return Go's name of a value's type (%T)."""
    match node:
        case ListNode():
            return "[]interface {}"
        case MapNode():
            return "map[interface {}]interface {}"
        case ScalarNode(value=value):
            return _scalar_type(value)


def _scalar_type(value: Plain) -> str:
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case int():
            return "int" if value <= INT_MAX else "uint64"
        case float():
            return "float64"
        case str():
            return "string"


def formatted(node: Node, *, as_text: bool = False) -> str:
    """Return a value as %v prints it, or as %s does where `as_text`; a large one cut short."""
    if node.size > _SHOWN:
        return "..."
    match node:
        case ListNode():
            return f"[{' '.join(formatted(item, as_text=as_text) for item in node.items)}]"
        case MapNode():
            last = {key.text: (key, value) for key, value in node.pairs}
            shown = (
                f"{formatted(last[name][0], as_text=as_text)}:"
                f"{formatted(last[name][1], as_text=as_text)}"
                for name in sorted(last)
            )
            return f"map[{' '.join(shown)}]"
        case ScalarNode(value=value):
            return _formatted_scalar(value, as_text=as_text)


def _formatted_scalar(value: Plain, *, as_text: bool) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "%!s(<nil>)" if as_text else "<nil>"
    return f"%!s({_scalar_type(value)}={written(value)})" if as_text else written(value)
