"""Warn about keys that nothing reads, with the nearest one that something does.

The incumbent ignores them without a word, so a file with `servicess:` deploys nothing there. A
top-level map with an anchor is left alone: it is how people keep what they merge elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convox.manifest.nodes import ListNode, MapNode, Node
from convox.manifest.schema import Key, load_schema

if TYPE_CHECKING:
    from convox.manifest.findings import Report


def warn_unknown(root: MapNode, report: Report) -> None:
    """Warn about every unknown key of a manifest's tree."""
    top = load_schema().top
    for key, node in root.pairs:
        if key.text in top.keys:
            _below(node, top.keys[key.text], key.text, report)
        elif not (isinstance(node, MapNode) and node.anchored) and not key.text.startswith("x-"):
            _warn(key.at, key.text, "the file", top, report)


def _below(node: Node, key: Key, path: str, report: Report) -> None:
    if not key.keys:
        return
    match node, key.each:
        case MapNode(), "name":
            for name, entry in node.pairs:
                _entry(entry, key, f"{path}.{name.text}", report)
        case ListNode(), "item":
            for index, item in enumerate(node.items):
                _entry(item, key, f"{path}[{index}]", report)
        case MapNode(), "":
            _entry(node, key, path, report)
        case _:
            pass


def _entry(node: Node, key: Key, path: str, report: Report) -> None:
    for name, inner in node.pairs if isinstance(node, MapNode) else ():
        if name.text in key.keys:
            _below(inner, key.keys[name.text], f"{path}.{name.text}", report)
        else:
            _warn(name.at, name.text, path, key, report)


def _warn(at: int, name: str, path: str, key: Key, report: Report) -> None:
    if name in key.elsewhere:
        report.warn(at, f"{name} in {path} is ignored: {key.elsewhere[name]}")
        return
    allowed = report.allowed(name, key.keys)
    report.warn(at, f"{name} in {path} is not known and ignored, {allowed}")
