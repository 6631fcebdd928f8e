"""Measure everything, or the parts named: startup deploy memory postgres recovery."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import deploy, memory, postgres, recovery, startup
from bench.figures import Figure, as_json, table
from bench.harness import BenchRack, rack, say

_PARTS = ("startup", "deploy", "memory", "postgres", "recovery")


def main() -> int:
    """Run the parts on a rack of their own; 1 if a figure is missed."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], help="all when none is named")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures here")
    parser.add_argument("--kills", type=int, default=50, help="kills of the rack (50)")
    arguments = parser.parse_args()
    parts = arguments.parts or list(_PARTS)
    with rack() as bench:
        figures = [f for part in parts for f in _measure(part, bench, arguments.kills)]
    print(table(figures))
    print(as_json(figures))
    if arguments.json:
        arguments.json.write_text(as_json(figures))
    return int(any(figure.verdict == "missed" for figure in figures))


def _measure(part: str, bench: BenchRack, kills: int) -> list[Figure]:
    say(f"measuring {part}")
    if part == "startup":
        return startup.measure(bench)
    if part == "postgres":
        return postgres.measure(bench)
    if part != "deploy":
        _hello(bench)
    if part == "deploy":
        return deploy.measure(bench)
    return memory.measure(bench) if part == "memory" else recovery.measure(bench, kills)


def _hello(bench: BenchRack) -> None:
    if "hello" not in bench.convox("apps"):
        bench.convox("apps", "create", "hello")
        bench.convox("deploy", "examples/hello", "-a", "hello", "--wait")


if __name__ == "__main__":
    sys.exit(main())
