"""The tree that YAML becomes: nodes that know their place in the text.

Only values here, and the rewriting that the incumbent does to them; `compose.py` builds trees.
"""

from __future__ import annotations

from dataclasses import dataclass

from convox.manifest.scalars import Plain, resolve, written

# Long text counts for several nodes, so that a bound on nodes bounds memory.
_NODE_CHARACTERS = 64


@dataclass(frozen=True, eq=False)
class ScalarNode:
    """A scalar: its text as written (or as the incumbent rewrites it) and its meaning."""

    at: int
    text: str
    value: Plain
    depth = 1

    @property
    def size(self) -> int:
        """How many nodes it counts for; long text counts for several."""
        return 1 + len(self.text) // _NODE_CHARACTERS


@dataclass(frozen=True, eq=False)
class ListNode:
    """A sequence."""

    at: int
    items: tuple[Node, ...]
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, eq=False)
class MapNode:
    """A mapping: pairs in order, merges spread, duplicates kept."""

    at: int
    pairs: tuple[tuple[ScalarNode, Node], ...]
    size: int = 1
    depth: int = 1
    anchored: bool = False

    def get(self, key: str) -> Node | None:
        """Return the last value of a key, or None."""
        return next((value for name, value in reversed(self.pairs) if name.text == key), None)


Node = ScalarNode | ListNode | MapNode


def is_null(node: Node | None) -> bool:
    """Return whether there is no node, or one that says nothing."""
    return node is None or (isinstance(node, ScalarNode) and node.value is None)


def is_text(node: Node) -> bool:
    """Return whether a node is a text, not merely something that could be shown as one."""
    return isinstance(node, ScalarNode) and isinstance(node.value, str)


def rewritten(node: Node) -> Node:
    """Return a tree as it is after the incumbent has written it out and read it again.

    It does so with every service, resource and timer, which is why an unquoted `8.0` becomes 8
    and `Yes` becomes the text `true`. Nodes that aliases share stay shared.
    """
    return _Rewriter().node(node)


class _Rewriter:
    def __init__(self) -> None:
        self._done: dict[int, Node] = {}

    def node(self, node: Node) -> Node:
        if id(node) not in self._done:
            self._done[id(node)] = self._new(node)
        return self._done[id(node)]

    def _new(self, node: Node) -> Node:
        match node:
            case ScalarNode():
                return _rewritten_scalar(node)
            case ListNode():
                return ListNode(node.at, tuple(map(self.node, node.items)), node.size, node.depth)
            case MapNode():
                pairs = tuple((_rewritten_scalar(key), self.node(v)) for key, v in node.pairs)
                return MapNode(node.at, pairs, node.size, node.depth, node.anchored)


def _rewritten_scalar(node: ScalarNode) -> ScalarNode:
    if node.value is None or isinstance(node.value, str):
        return node
    text = written(node.value)
    return ScalarNode(node.at, text, resolve(text))
