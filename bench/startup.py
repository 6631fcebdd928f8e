"""How long the CLI takes to start, against the bare interpreter."""

from __future__ import annotations

import subprocess
import time

from bench.figures import Figure, ratio
from bench.harness import CONVOX, PYTHON, BenchRack

_RUNS = 25
_SPAWN = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
sys.stderr.write(str(os.wait4(pid, 0)[2].ru_maxrss))
"""


def measure(bench: BenchRack) -> list[Figure]:
    """Return the figures of `version` without a rack and `apps` with one."""
    empty = {**bench.env, "CONVOX_CONFIG": str(bench.home / "empty"), "CONVOX_LOCAL": "disable"}
    version, bare = _pairs([str(CONVOX), "version"], empty)
    apps, bare_again = _pairs([str(CONVOX), "apps"], bench.env)
    return [
        Figure("convox version / python -c pass", ratio(version, bare), "x", 2.2),
        Figure(
            "convox version, peak memory", _peak_mb([str(CONVOX), "version"], empty), "MB", 20.97
        ),
        Figure("convox apps / python -c pass", ratio(apps, bare_again), "x", 5.5, 3.5),
    ]


def _pairs(command: list[str], env: dict[str, str]) -> tuple[list[float], list[float]]:
    bare = [str(PYTHON), "-c", "pass"]
    ours, theirs = [], []
    _seconds(command, env)
    for _ in range(_RUNS):
        ours.append(_seconds(command, env))
        theirs.append(_seconds(bare, env))
    return ours, theirs


def _seconds(command: list[str], env: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - started


def _peak_mb(command: list[str], env: dict[str, str]) -> float:
    # A child's peak begins with its parent's size at the fork, so a small parent starts it.
    done = subprocess.run(
        [str(PYTHON), "-IS", "-c", _SPAWN, *command],
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return int(done.stderr.split()[-1]) * 1024 / 1e6
