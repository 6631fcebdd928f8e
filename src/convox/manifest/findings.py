"""What is wrong with a manifest, and where: findings, their collector and the error.

A finding's text is for people. Where the incumbent has its own words for the same failure they
are kept beside it as `wire`, because scripts match them. No finding may show the value of an
environment variable: `Report` writes `${NAME}` for every value that interpolation put in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from convox.core.errors import InvalidError

if TYPE_CHECKING:
    from convox.manifest.interpolate import Source

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing to know about one place of a manifest; line and column count from 1."""

    file: str
    line: int
    column: int
    severity: Severity
    message: str

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing has none in 3.11
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}"


class ManifestError(InvalidError):
    """A manifest that cannot be used.

    Attributes:
        findings: all of them, errors and warnings, in the order of the file.
    """

    def __init__(self, what: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(what, fix="correct convox.yml; convox validate lists every finding")
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

    def error(self, at: int, message: str, *, wire: str | None = None) -> None:
        """Report what makes the manifest unusable; `wire` is the incumbent's text for it."""
        self.errors += 1
        if unset := self.source.unset_near(at):
            self.warn(at, f"{message} (depends on ${{{unset}}}, which is not given)")
            return
        finding = self._add(at, "error", message)
        if self.first is None:
            self.first = str(finding) if wire is None else self._hide(wire)

    def warn(self, at: int, message: str) -> None:
        """Report what is accepted and probably not meant."""
        self._add(at, "warning", message)

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings in the order of the file, each once."""
        return tuple(sorted(self._found, key=lambda found: (found.line, found.column)))

    def _add(self, at: int, severity: Severity, message: str) -> Finding:
        line, column = self.source.position(at)
        finding = Finding(self.file, line, column, severity, self._hide(message))
        self._found.setdefault(finding, None)
        return finding

    def _hide(self, message: str) -> str:
        for value, name in self.source.substituted:
            message = re.sub(re.escape(value), f"${{{name}}}", message, flags=re.IGNORECASE)
        return message
