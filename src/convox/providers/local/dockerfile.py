"""What a build needs to know of a Dockerfile before it runs: its arguments and its stages. Pure.

The builder itself parses the file; this reads only `ARG` and `FROM`, and never refuses anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CONTINUED = re.compile(r"\\[ \t]*\n")
_FROM = re.compile(r"(?:--\S+\s+)*\S+\s+as\s+(\S+)\s*$", re.IGNORECASE)
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)(?:=(?:\"[^\"]*\"|'[^']*'|\S*))?")


@dataclass(frozen=True)
class Dockerfile:
    """What a Dockerfile declares."""

    args: frozenset[str]
    stages: frozenset[str]
    """Names given with `AS`, in lower case, as the builder compares them."""


def read(text: str) -> Dockerfile:
    """Return the arguments and stages that a Dockerfile's text declares."""
    args: set[str] = set()
    stages: set[str] = set()
    for word, rest in _instructions(text):
        if word == "arg":
            args.update(_names(rest))
        elif word == "from" and (found := _FROM.match(rest)):
            stages.add(found.group(1).lower())
    return Dockerfile(frozenset(args), frozenset(stages))


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = (line for line in text.replace("\r\n", "\n").split("\n") if not _is_comment(line))
    for line in _CONTINUED.sub(" ", "\n".join(lines)).split("\n"):
        word, _, rest = line.strip().partition(" ")
        yield word.lower(), rest.strip()


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _names(rest: str) -> Iterator[str]:
    place = 0
    while found := _NAME.match(rest, place):
        yield found.group(1)
        place = found.end()
