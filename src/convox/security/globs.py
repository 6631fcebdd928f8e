"""The language of IAM patterns, decided exactly: `*` is any text, `?` is one character.

A set of patterns is a set of texts. Whether one set is inside another, or meets it, is decided by
walking both as automata at once: the letters are those that the patterns name and one that none
names, which stands for all others, so the answer holds for every text and not for a sample. A
"no" comes with the shortest text that shows it. Nothing here knows of actions, ARNs or AWS.

Source: "IAM JSON policy elements: Resource", Wildcards in ARNs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_OTHER = "\ufffd"
"""Stands for every letter that no pattern names; spelled below when a text is shown."""
_SPELLINGS = "xyzabcdefghijklmnopqrstuvw0123456789"

_Places = frozenset[tuple[int, int]]
"""Where the walk is: (which pattern, how far in it)."""


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern admits a text."""
    automaton = _Automaton((pattern,))
    places = automaton.start
    for letter in text:
        places = automaton.after(places, letter)
    return automaton.accepts(places)


def escape(inner: Iterable[str], outer: Iterable[str]) -> str | None:
    """Return the shortest text that `inner` admits and `outer` does not; None if inner ⊆ outer.

    No patterns at all admit nothing.
    """
    return _shortest(inner, outer, lambda ours, theirs: ours and not theirs)


def meeting(one: Iterable[str], other: Iterable[str]) -> str | None:
    """Return the shortest text that both admit; None if they are disjoint."""
    return _shortest(one, other, lambda ours, theirs: ours and theirs)


@dataclass(frozen=True)
class _Automaton:
    """Patterns as one automaton without memory of its own; the walker holds the places."""

    patterns: tuple[str, ...]

    @property
    def start(self) -> _Places:
        return self._closed((index, 0) for index in range(len(self.patterns)))

    def after(self, places: _Places, letter: str) -> _Places:
        """Return where one letter leads."""
        reached = []
        for index, offset in places:
            pattern = self.patterns[index]
            if offset == len(pattern):
                continue
            if pattern[offset] == "*":
                reached.append((index, offset))
            elif pattern[offset] in ("?", letter):
                reached.append((index, offset + 1))
        return self._closed(reached)

    def accepts(self, places: _Places) -> bool:
        """Tell whether the text read so far is admitted."""
        return any(offset == len(self.patterns[index]) for index, offset in places)

    def letters(self) -> set[str]:
        """Return the letters that the patterns name."""
        return {letter for pattern in self.patterns for letter in pattern} - {"*", "?"}

    def _closed(self, places: Iterable[tuple[int, int]]) -> _Places:
        """Add what is reached by a `*` that stands for nothing."""
        closed: set[tuple[int, int]] = set()
        for index, start in places:
            offset = start
            closed.add((index, offset))
            pattern = self.patterns[index]
            while offset < len(pattern) and pattern[offset] == "*":
                offset += 1
                closed.add((index, offset))
        return frozenset(closed)


def _shortest(
    one: Iterable[str], other: Iterable[str], wanted: Callable[[bool, bool], bool]
) -> str | None:
    ours, theirs = _Automaton(tuple(one)), _Automaton(tuple(other))
    letters = [*sorted(ours.letters() | theirs.letters()), _OTHER]
    first = (ours.start, theirs.start)
    came: dict[tuple[_Places, _Places], tuple[tuple[_Places, _Places], str] | None] = {first: None}
    waiting = deque([first])
    while waiting:
        here = waiting.popleft()
        if wanted(ours.accepts(here[0]), theirs.accepts(here[1])):
            return _spelled(here, came, letters)
        for letter in letters:
            there = (ours.after(here[0], letter), theirs.after(here[1], letter))
            if there[0] and there not in came:
                came[there] = (here, letter)
                waiting.append(there)
    return None


def _spelled(
    last: tuple[_Places, _Places],
    came: dict[tuple[_Places, _Places], tuple[tuple[_Places, _Places], str] | None],
    letters: list[str],
) -> str:
    """Return the text that led to a place, with a plain letter for the one nobody names."""
    text, step = "", came[last]
    while step is not None:
        text, step = step[1] + text, came[step[0]]
    plain = next((letter for letter in _SPELLINGS if letter not in letters), _OTHER)
    return text.replace(_OTHER, plain)
