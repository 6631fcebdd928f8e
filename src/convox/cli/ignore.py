"""`.dockerignore`: which paths of a directory are left out.

The last pattern that matches a path or one of its parents decides; `!` takes back.
Source: Docker documentation, ".dockerignore file"; the syntax is that of Go's filepath.Match with
`**` for any number of directories.
"""

from __future__ import annotations

import posixpath
import re

_WILD = {"*": "[^/]*", "?": "[^/]"}


class Ignore:
    """The patterns of one file."""

    def __init__(self, text: str) -> None:
        self._rules: list[tuple[re.Pattern[str], bool, str]] = []
        for line in text.lstrip("\ufeff").splitlines():
            if not line.startswith("#") and line.strip():
                self._add(line.strip())

    def ignores(self, path: str) -> bool:
        """Tell whether `path`, relative with forward slashes, is left out."""
        parts = path.split("/")
        prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        ignored = False
        for pattern, keeps, _ in self._rules:
            if keeps == ignored and any(pattern.fullmatch(prefix) for prefix in prefixes):
                ignored = not keeps
        return ignored

    def hides(self, directory: str) -> bool:
        """Tell whether nothing below an ignored `directory` can be taken back."""
        return not any(
            keeps and (f"{text}/".startswith(f"{directory}/") or text.startswith("**"))
            for _, keeps, text in self._rules
        )

    def _add(self, line: str) -> None:
        keeps = line.startswith("!")
        text = posixpath.normpath(line[1:].strip() if keeps else line).lstrip("/")
        if text not in ("", "."):
            self._rules.append((re.compile(_expression(text), re.DOTALL), keeps, text))


def _expression(pattern: str) -> str:
    out, position = "", 0
    while position < len(pattern):
        piece, position = _piece(pattern, position)
        out += piece
    return out


def _piece(pattern: str, at: int) -> tuple[str, int]:
    """Return the expression of the next element and where the one after it begins."""
    if pattern.startswith("**/", at):
        return "(?:.*/)?", at + 3
    if pattern.startswith("**", at):
        return ".*", at + 2
    character = pattern[at]
    if character in _WILD:
        return _WILD[character], at + 1
    if character == "\\" and at + 1 < len(pattern):
        return re.escape(pattern[at + 1]), at + 2
    closing = pattern.find("]", at + 2)
    if character == "[" and closing > 0:
        inside = pattern[at + 1 : closing].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{inside}]", closing + 1
    return re.escape(character), at + 1
