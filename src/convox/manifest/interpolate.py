"""Replace `${NAME}` in the raw text, before YAML sees it, and remember where everything was.

There is no escape and no default: an unset name becomes nothing, `$NAME` stays. Values go in
unquoted and may change the structure of the file. Positions are still those of the file as the
user wrote it, also where a value spans lines: `Source.position` maps back.

Source: the incumbent's regular expression, manifest.md section 1.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\$\{([^}]*?)\}")
_LINE_END = re.compile(r"\r\n|\n|\r")
# Shorter values are no secrets, and hiding them would make messages unreadable.
_HIDDEN_LENGTH = 4


@dataclass(frozen=True)
class Source:
    """A manifest's text after interpolation, with the way back to the text before it."""

    text: str
    names: tuple[str, ...]
    """Every name between `${` and `}` outside of comments, in order of first appearance."""
    missing: tuple[tuple[int, int, str], ...]
    """(line, column, name) of each outside of comments that nothing was given for."""
    substituted: tuple[tuple[str, str], ...]
    """(value, name) pairs that went in and are long enough to hide, longest first."""
    _segments: tuple[tuple[int, int, bool], ...]
    """(start here, start in the original, whether it is a copy), in order."""
    _lines: tuple[int, ...]
    """Offsets in the original at which lines begin."""
    _open: Mapping[int, str]
    """Names of placeholders by the lines they may change, if no env was given at all."""

    def position(self, at: int) -> tuple[int, int]:
        """Return line and column, from 1, in the original of an offset in `text`."""
        start, original, copied = self._segments[max(0, self._segment(at))]
        offset = original + (at - start if copied else 0)
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def unset_near(self, at: int) -> str | None:
        """Return a placeholder that may cause a fault here, if no env was given at all."""
        line, _ = self.position(at)
        return self._open.get(line)

    def _segment(self, at: int) -> int:
        return bisect_right(self._segments, at, key=lambda segment: segment[0]) - 1


def interpolate(text: str, env: Mapping[str, str] | None, *, stand_in: str = "") -> Source:
    """Return `text` with every placeholder replaced; without an env, all by `stand_in`."""
    lines = (0, *(end.end() for end in _LINE_END.finditer(text)))
    pieces, segments = [], [(0, 0, True)]
    values: dict[str, str] = {}
    names: dict[str, None] = {}
    missing: list[tuple[int, int, str]] = []
    opened: dict[int, str] = {}
    length = copied = 0
    for found in _PLACEHOLDER.finditer(text):
        name, start = found[1], found.start()
        value = stand_in if env is None else env.get(name, "")
        pieces += [text[copied:start], value]
        length += start - copied
        line = bisect_right(lines, start)
        if not _in_comment(text, start):
            names.setdefault(name)
            if env is None or name not in env:
                missing.append((line, start - lines[line - 1] + 1, name))
        if env is None:
            opened[line] = name
            if not text[lines[line - 1] : start].strip():
                # It may bring whole lines, and what follows belongs to them.
                opened[line + 1] = name
        values.setdefault(value, name)
        end, copied = length + len(value), found.end()
        segments += [(length, start, False), (end, copied, True)]
        length = end
    hidden = [(value, name) for value, name in values.items() if len(value) >= _HIDDEN_LENGTH]
    return Source(
        text="".join([*pieces, text[copied:]]),
        names=tuple(names),
        missing=tuple(missing),
        substituted=tuple(sorted(hidden, key=lambda pair: -len(pair[0]))),
        _segments=tuple(segments),
        _lines=lines,
        _open=opened,
    )


def _in_comment(text: str, at: int) -> bool:
    begin = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    return text[begin:at].lstrip().startswith("#")
