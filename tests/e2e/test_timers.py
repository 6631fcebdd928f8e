"""Timers as a person has them, on a rack that is killed again and again while they run."""

import json
import os
import random
import signal
import time
import uuid
from pathlib import Path

import pytest

from bench.harness import BenchRack, wait_for
from tests.e2e.harness import Cli

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("e2e-timers")]

MANIFEST = """
services:
  keeper:
    command: sleep 3600
    volumes: [/data]
    termination: {grace: 1}
timers:
  mark:
    command: hostname >> /data/runs; sleep 0.3
    schedule: "* * * * *"
    service: keeper
    concurrency: allow
"""
_KILLS = 12


def test_no_run_happens_twice_or_is_lost_however_the_rack_is_killed(
    e2e_rack: BenchRack, cli: Cli, tmp_path: Path
):
    app = f"t{uuid.uuid4().hex[:6]}"
    source = tmp_path / "source"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM debian:bookworm-slim\n")
    (source / "convox.yml").write_text(MANIFEST)
    cli.ok("apps", "create", app)
    cli.ok("deploy", str(source), "-a", app, "--wait")

    for _ in range(_KILLS):
        _run_and_kill(e2e_rack, cli, app)
    wait_for(lambda: not [run for run in _runs(cli, app) if run["ended"].startswith("0001")], 40)

    keeper = next(p for p in json.loads(cli.ok("ps", "-a", app, "--json")))
    marks = cli.ok("exec", keeper["id"], "cat /data/runs", "-a", app).split()
    runs = _runs(cli, app)
    began = sorted(run["process"] for run in runs if run["process"])
    assert sorted(marks) == began
    assert len(set(marks)) == len(marks) >= _KILLS // 2
    assert {run["status"] for run in runs} <= {"complete", "missed"}
    dues = [run["due"] for run in runs]
    assert len(set(dues)) == len(dues)
    cli.ok("apps", "delete", app, "--wait")


def _run_and_kill(rack: BenchRack, cli: Cli, app: str) -> None:
    """Ask for a run and kill the rack somewhere on the way, then start it again."""
    pid = rack.pid
    if os.fork() == 0:
        time.sleep(random.uniform(0.08, 0.7))  # the CLI itself needs a moment
        os.kill(pid, signal.SIGKILL)
        os._exit(0)
    cli("timers", "run", "mark", "-a", app)
    os.wait()
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid), 10)
    cli.ok("rack", "start", "local", rack.name)


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def _runs(cli: Cli, app: str) -> list[dict]:
    return json.loads(cli.ok("timers", "runs", "mark", "-a", app, "--limit", "50", "--json"))
