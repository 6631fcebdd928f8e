"""The output of a builder: cleaned as it comes, and read for the reason of a failure. Pure.

Escape sequences go because the existing client stops streaming where it strips one (wire.md
section 7, "ANSI/tag hazard").
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_LONGEST_LINE = 65536
_KEPT_LINES = 5
_LONGEST_REASON = 600

_STEP = re.compile(r"#(\d+) \[(?!internal\])([^\]]*)\] (.*)")
_ERROR = re.compile(r"#(\d+) ERROR: (.*)")
_PRINTED = re.compile(r"#(\d+) \d+\.\d+ ?(.*)")
_CLASSIC_STEP = re.compile(r"Step \d+/\d+ : (.*)")
_CLASSIC_OWN = (" --->", "Removing intermediate container ")
_EXIT = re.compile(r"(?:exit code|non-zero code): (\d+)")
_PREFIXES = (
    "ERROR: ",
    "failed to solve: ",
    "failed to solve with frontend dockerfile.v0: ",
    "failed to create LLB definition: ",
    "failed to read dockerfile: ",
)
_ADVERTISING = ("View build details:", "WARNING:", "Learn more at")


class Cleaner:
    """Turns bytes as they come into whole lines without escape sequences."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes; return the lines that they complete."""
        # A return without a newline redraws a line on a terminal; here it ends one.
        self._rest += data
        end = max(self._rest.rfind(b"\n"), self._rest[:-1].rfind(b"\r")) + 1
        if not end and len(self._rest) > _LONGEST_LINE:
            end = len(self._rest)
        lines, self._rest = self._rest[:end], self._rest[end:]
        return _clean(lines)

    def finish(self) -> bytes:
        """Return what is left, as a line."""
        left, self._rest = self._rest, b""
        return _clean(left.rstrip(b"\r\n") + b"\n") if left else b""


def _clean(lines: bytes) -> bytes:
    return _ESCAPES.sub(b"", lines).replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@dataclass
class _Step:
    text: str
    printed: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))


class Notes:
    """Follows the output of a build to say in one sentence why it failed."""

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}
        self._failed: tuple[_Step, str] | None = None
        self._classic: _Step | None = None
        self._last = ""

    def feed(self, lines: bytes) -> None:
        """Read whole lines of output."""
        for line in lines.decode(errors="replace").splitlines():
            self._read(line.rstrip())

    def sentence(self, error: str = "") -> str:
        """Return why the build failed; `error` is what the builder said apart from its output."""
        if self._failed is not None:
            return _of_step(*self._failed)
        if self._classic is not None and _EXIT.search(error):
            return _of_step(self._classic, error)
        return _short(_bare(error or self._last) or "the builder failed without a word")

    def _read(self, line: str) -> None:
        if found := _STEP.match(line):
            self._steps.setdefault(found[1], _Step(found[3]))
        elif found := _ERROR.match(line):
            step = self._steps.get(found[1])
            self._failed = (step, found[2]) if step else self._failed
        elif (found := _PRINTED.match(line)) and found[1] in self._steps:
            self._steps[found[1]].printed.append(found[2])
        elif found := _CLASSIC_STEP.match(line):
            self._classic = _Step(found[1])
        elif line.strip() and not line.startswith(("#", "---", " >", *_ADVERTISING)):
            self._last = line
            if self._classic is not None and not line.startswith(_CLASSIC_OWN):
                self._classic.printed.append(line)


def _of_step(step: _Step, error: str) -> str:
    found = _EXIT.search(error)
    how = f"ended with exit code {found[1]}" if found else f"failed: {_bare(error)}"
    printed = " | ".join(line for line in step.printed if line.strip())
    said = f"; it printed: {printed}" if printed else ""
    return _short(f'step "{_short(step.text, 160)}" {how}{said}')


def _bare(text: str) -> str:
    text = " ".join(text.split())
    while stripped := next((text.removeprefix(p) for p in _PREFIXES if text.startswith(p)), ""):
        text = stripped
    return text


def _short(text: str, limit: int = _LONGEST_REASON) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
