"""A figure, its limit and its goal; and how a run of figures is printed.

Read harness.py next for how a rack to measure is made.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One measured number beside what was promised of it."""

    name: str
    value: float
    unit: str
    limit: float
    """At most this."""
    goal: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """goal, ok or missed."""
        if self.value > self.limit:
            return "missed"
        return "ok" if self.goal is None or self.value > self.goal else "goal"


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of the ratios pair by pair; both lists were taken in turn."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def table(figures: list[Figure]) -> str:
    """Return the figures as aligned lines."""
    header = ("FIGURE", "MEASURED", "LIMIT", "GOAL", "VERDICT", "NOTE")
    rows = [
        (
            f.name,
            f"{f.value:.2f} {f.unit}".strip(),
            f"{f.limit:g}",
            "" if f.goal is None else f"{f.goal:g}",
            f.verdict,
            f.note,
        )
        for f in figures
    ]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(5)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(w) for cell, w in zip(row[:5], widths, strict=True)), row[5]]
        ).rstrip()
        for row in [header, *rows]
    )


def as_json(figures: list[Figure]) -> str:
    """Return the figures as a JSON list."""
    return json.dumps([{**asdict(f), "verdict": f.verdict} for f in figures], indent=2)
