"""YAML text to a tree of nodes, within limits.

The syntax is PyYAML's to read (libyaml, of which the incumbent's parser is a translation, where
PyYAML has it); what scalars mean is ours, see `scalars.py`. Merge keys are spread here, in the
order in which they stand, as the incumbent does: what comes later in a mapping wins. Duplicate
keys are kept. Built from events with a stack, never by recursion, and every size is bounded
before anything is built, so that no input hangs or exhausts the process.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from convox.manifest.nodes import ListNode, MapNode, Node, ScalarNode
from convox.manifest.scalars import Plain, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from convox.manifest.findings import Report

# The incumbent keeps a manifest in a 400 KB database item, so nothing larger deploys there.
MAX_CHARACTERS = 400_000
MAX_DEPTH = 32
MAX_NODES = 20_000
"""Both counted with aliases spread, which is how the incumbent reads them."""
_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


class ComposeError(Exception):
    """The text cannot become a tree."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


def compose(text: str, report: Report, *, loader: Any = None) -> Node | None:
    """Return the tree of the first document, None if the text is empty.

    Args:
        text: what to read.
        report: gets warnings: duplicate keys, merges that replace, further documents.
        loader: a PyYAML loader class, for tests; by default the fastest there is.

    Raises:
        ComposeError: not YAML, or beyond a limit.
    """
    if len(text) > MAX_CHARACTERS:
        raise ComposeError(0, f"{len(text)} characters, at most {MAX_CHARACTERS} are accepted")
    return _Composer(report).compose(_events(text, loader))


def _events(text: str, loader: Any) -> Iterator[Any]:
    # Late, because reading an env text or a help page must not pay for a YAML parser.
    import yaml  # noqa: PLC0415

    if loader is None:
        loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        yield from yaml.parse(text, loader)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        context = f" {e.context}" if e.context else ""
        raise ComposeError(mark.index if mark else 0, f"not YAML: {e.problem}{context}") from e
    except yaml.reader.ReaderError as e:
        raise ComposeError(e.position, f"not YAML: {e.reason}") from e
    except UnicodeEncodeError as e:
        raise ComposeError(e.start, "not text: half of a surrogate pair") from e


@dataclass
class _Open:
    at: int
    anchor: str | None
    mapping: bool
    children: list[Node] = field(default_factory=list)


class _Composer:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._root: Node | None = None

    def compose(self, events: Iterator[Any]) -> Node | None:
        handlers: dict[str, Callable[[Any], None]] = {
            "ScalarEvent": self._scalar,
            "AliasEvent": self._alias,
            "SequenceStartEvent": self._open,
            "MappingStartEvent": self._open,
            "SequenceEndEvent": self._close,
            "MappingEndEvent": self._close,
        }
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentEndEvent":
                self._ignore_rest(events)
                break
            if kind in handlers:
                handlers[kind](event)
        return self._root

    def _ignore_rest(self, events: Iterator[Any]) -> None:
        try:
            following = next(events, None)
        except ComposeError:
            return
        if following is not None and type(following).__name__ == "DocumentStartEvent":
            at = following.start_mark.index
            self._report.warn(at, "a second document begins here; only the first is read")

    def _scalar(self, event: Any) -> None:
        at, text = event.start_mark.index, event.value
        if event.tag not in (None, "!"):
            value = _tagged(at, text, event.tag)
        else:
            value = resolve(text) if event.implicit[0] and event.tag is None else text
        self._add(ScalarNode(at, text if value is not None else "", value), event.anchor)

    def _alias(self, event: Any) -> None:
        at, name = event.start_mark.index, event.anchor
        if name not in self._anchors:
            raise ComposeError(at, f"*{name} names no anchor that is defined before it")
        node = self._anchors[name]
        if node is None:
            raise ComposeError(at, f"the value of &{name} contains itself")
        self._add(node, None)

    def _open(self, event: Any) -> None:
        at = event.start_mark.index
        if len(self._stack) >= MAX_DEPTH:
            raise ComposeError(at, _TOO_DEEP)
        if event.anchor:
            self._anchors[event.anchor] = None
        mapping = type(event).__name__ == "MappingStartEvent"
        self._stack.append(_Open(at, event.anchor, mapping))

    def _close(self, _event: Any) -> None:
        done = self._stack.pop()
        size = 1 + sum(child.size for child in done.children)
        depth = 1 + max((child.depth for child in done.children), default=0)
        if size > MAX_NODES:
            raise ComposeError(
                done.at, f"more than {MAX_NODES} values, counting each use of *alias"
            )
        if depth > MAX_DEPTH:
            raise ComposeError(done.at, _TOO_DEEP)
        if not done.mapping:
            self._add(ListNode(done.at, tuple(done.children), size, depth), done.anchor)
            return
        pairs = _Pairs(self._report)
        for key, value in zip(done.children[::2], done.children[1::2], strict=True):
            pairs.add(key, value)
        anchored = done.anchor is not None
        self._add(MapNode(done.at, tuple(pairs.pairs), size, depth, anchored), done.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self._root = node


class _Pairs:
    """The pairs of one mapping while they come in."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._own: set[str] = set()
        self.pairs: list[tuple[ScalarNode, Node]] = []

    def add(self, key: Node, value: Node) -> None:
        if not isinstance(key, ScalarNode):
            raise ComposeError(key.at, "a key must be text, not a list or a map")
        if key.text == "<<":
            for source in _merge_sources(key, value):
                self._merge(key, source)
            return
        if key.text in self._own:
            self._report.warn(key.at, f"{key.text} is given twice; write it once")
        self._own.add(key.text)
        self.pairs.append((key, value))

    def _merge(self, key: ScalarNode, source: MapNode) -> None:
        for replaced in sorted({name.text for name, _ in source.pairs} & self._own):
            message = f"what << brings counts over {replaced}, which stands before it; put << first"
            self._report.warn(key.at, message)
        self.pairs += source.pairs


def _merge_sources(key: ScalarNode, value: Node) -> list[MapNode]:
    # The first of a list wins, so it goes in last.
    listed = value.items[::-1] if isinstance(value, ListNode) else (value,)
    sources = [node for node in listed if isinstance(node, MapNode)]
    if len(sources) != len(listed):
        raise ComposeError(key.at, "<< needs a map, or a list of maps")
    return sources


def _tagged(at: int, text: str, tag: str) -> Plain:
    kinds: dict[str, tuple[type, ...]] = {
        "null": (type(None),),
        "bool": (bool,),
        "int": (int,),
        "float": (float, int),
    }
    short = tag.removeprefix("tag:yaml.org,2002:")
    if short == "binary":
        return _decoded(at, text)
    if short not in kinds:
        return text
    value = resolve(text)
    if type(value) not in kinds[short]:
        raise ComposeError(at, f'"{text}" is no {short}, as its tag !!{short} says')
    return float(value) if short == "float" and isinstance(value, int) else value


def _decoded(at: int, text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as e:
        raise ComposeError(at, "!!binary needs base64 of UTF-8 text") from e
