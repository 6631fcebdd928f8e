"""Measure everything, or the parts named; the order is always the same."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import crowd, deploy, memory, postgres, recovery, startup, writes
from bench.figures import Figure, as_json, table
from bench.harness import BenchRack, rack, say

_PARTS = ("startup", "deploy", "memory", "postgres", "recovery", "writes", "crowd")
_ALONE: dict[str, Callable[[BenchRack], list[Figure]]] = {
    "startup": startup.measure,
    "deploy": deploy.measure,
    "memory": memory.measure,
    "postgres": postgres.measure,
    "crowd": crowd.measure,
}


def main() -> int:
    """Run the parts on a rack of their own; 1 if a figure is missed."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], help="all when none is named")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures here")
    parser.add_argument("--kills", type=int, default=20, help="kills of the rack (20)")
    arguments = parser.parse_args()
    parts = [part for part in _PARTS if part in (arguments.parts or _PARTS)]
    with rack() as bench:
        figures = [f for part in parts for f in _measure(part, bench, arguments.kills)]
    print(table(figures))
    print(as_json(figures))
    if arguments.json:
        arguments.json.write_text(as_json(figures))
    return int(any(figure.verdict == "missed" for figure in figures))


def _measure(part: str, bench: BenchRack, kills: int) -> list[Figure]:
    say(f"measuring {part}")
    if part in ("memory", "recovery"):
        _hello(bench)
    if part == "recovery":
        return recovery.measure(bench, kills)
    if part == "writes":
        return writes.measure(bench, kills)
    return _ALONE[part](bench)


def _hello(bench: BenchRack) -> None:
    if "hello" not in bench.convox("apps"):
        bench.convox("apps", "create", "hello")
        bench.convox("deploy", "examples/hello", "-a", "hello", "--wait")


if __name__ == "__main__":
    sys.exit(main())
