"""What is wrong with a manifest, and where: findings, their collector and the error.

A finding's text is for people. Where the incumbent has its own words for the same failure they
are kept beside it as `wire`, because scripts match them. No finding may show the value of an
environment variable: `Report` writes `${NAME}` for every value that interpolation put in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from convox.core.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Collection

    from convox.manifest.interpolate import Source

# Enough for any person; without a bound a hostile file could make the answer larger than memory.
MAX_FINDINGS = 200
_MAX_LISTED = 40
_MAX_NAME = 64

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing to know about one place of a manifest; line and column count from 1."""

    file: str
    line: int
    column: int
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}"


class ManifestError(InvalidError):
    """A manifest that cannot be used.

    Attributes:
        findings: all of them, errors and warnings, in the order of the file.
    """

    def __init__(self, what: str, findings: tuple[Finding, ...]) -> None:
        unset = what.startswith("required env: ")
        fix = "convox env set NAME=VALUE" if unset else "convox validate lists every finding"
        super().__init__(what, fix=fix)
        self.findings = findings


@dataclass
class Report:
    """Collects findings at offsets of the interpolated text.

    `first` is what the incumbent would have said: the first error in the order of reporting,
    which the callers keep to the incumbent's order of checks.
    """

    source: Source
    file: str
    first: str | None = None
    errors: int = 0
    """How many errors were reported, also those that only a missing env made warnings."""
    _found: dict[Finding, None] = field(default_factory=dict)
    _more: int = 0

    def error(self, at: int, message: str, *, wire: str | None = None) -> None:
        """Report what makes the manifest unusable; `wire` is the incumbent's text for it."""
        self.errors += 1
        if self.first is not None and self.passes():
            return
        if unset := self.source.unset_near(at):
            self.warn(at, f"{message} (depends on ${{{unset}}}, which is not given)")
            return
        finding = self._add(self.source.position(at), "error", message)
        if self.first is None:
            self.first = str(finding) if wire is None else self._hide(wire)

    def warn(self, at: int, message: str) -> None:
        """Report what is accepted and probably not meant."""
        if self.passes():
            return
        self._add(self.source.position(at), "warning", message)

    def warn_place(self, line: int, column: int, message: str) -> None:
        """Report the same of a place in the original text."""
        if not self.passes():
            self._add((line, column), "warning", message)

    def passes(self) -> bool:
        """Return whether there are enough findings, and count one that is passed over if so.

        Asked before a costly message is made; `warn` asks by itself.
        """
        full = len(self._found) >= MAX_FINDINGS
        self._more += full
        return full

    def allowed(self, name: str, known: Collection[str]) -> str:
        """Return the end of a message about an unknown name: the nearest, else all there are."""
        if not known:
            return "there is none"
        few = list(known)[:_MAX_LISTED]
        candidates = {text.lower(): text for text in reversed(few)}
        near = get_close_matches(name[:_MAX_NAME].lower(), candidates, n=1)
        more = ", ..." if len(known) > len(few) else ""
        return (
            f"did you mean {candidates[near[0]]}?"
            if near
            else f"must be one of {', '.join(few)}{more}"
        )

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings in the order of the file, each once."""
        found = sorted(self._found, key=lambda found: (found.line, found.column))
        if self._more:
            last = found[-1]
            message = f"{self._more} more findings are not shown"
            found.append(Finding(self.file, last.line, last.column, "warning", message))
        return tuple(found)

    def _add(self, place: tuple[int, int], severity: Severity, message: str) -> Finding:
        finding = Finding(self.file, *place, severity, self._hide(message))
        self._found.setdefault(finding, None)
        return finding

    def _hide(self, message: str) -> str:
        for value, name in self.source.substituted:
            message = re.sub(re.escape(value), f"${{{name}}}", message, flags=re.IGNORECASE)
        return message
