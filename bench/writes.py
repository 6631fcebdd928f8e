"""Kills of the rack in the middle of promotes with a database, a cache and a timer.

Notes are added through the app all the while, and every one that was acknowledged is looked for
in the end; each run of the timer leaves a mark in the database, so that two of one run would show.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from bench import api
from bench.figures import Figure
from bench.harness import CONVOX, ROOT, BenchRack, say, wait_for

_APP = "writes"
_MARK = """
import socket
with notes.database() as db:
    db.run("CREATE TABLE IF NOT EXISTS marks (process text)")
    db.run("INSERT INTO marks VALUES ($1)", socket.gethostname())
"""
_CLASSES = ("db.t3.micro", "db.t3.small")
_NEVER = "0001-01-01"


@dataclass
class _Writer:
    """Adds notes one after the other, and remembers those that were acknowledged."""

    bench: BenchRack
    acknowledged: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Add notes until told to stop."""
        number = 0
        while not self.stop.is_set():
            number += 1
            text = f"note {number}"
            status = self.bench.post(_APP, "/notes", urlencode({"text": text}))
            if status == 303:
                self.acknowledged.append(text)
            else:
                self.refused[status] += 1
                time.sleep(0.05)


def measure(bench: BenchRack, kills: int) -> list[Figure]:
    """Return the figures; `kills` promotes are each cut short once."""
    releases = _deploy(bench)
    writer = _Writer(bench)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        troubles = [t for number in range(kills) for t in _kill_once(bench, number, releases)]
    finally:
        writer.stop.set()
        thread.join()
    return [
        Figure(f"troubles after {kills} kills in promotes", len(troubles), "", 0, 0,
               "; ".join(troubles)),
        _lost(bench, writer),
        _twice(bench),
    ]  # fmt: skip


def _deploy(bench: BenchRack) -> list[str]:
    """Make one release with a small database and one with a larger one; promote the last."""
    bench.convox("apps", "create", _APP)
    releases = []
    for size in _CLASSES:
        source = _source(bench.home / "writes" / size, size)
        releases.append(bench.convox("build", str(source), "-a", _APP, "--id").split()[-1])
    bench.convox("releases", "promote", releases[-1], "-a", _APP, "--wait")
    return releases


def _source(folder: Path, size: str) -> Path:
    shutil.copytree(ROOT / "examples" / "notes", folder)
    manifest = folder / "convox.yml"
    text = manifest.read_text().replace("version: 15", f"version: 15\n      class: {size}")
    text = text.replace('"*/5 * * * ?"', '"* * * * ?"\n    concurrency: allow')
    text = text.replace("    health: /health", "    health: /health\n    drain: 2")
    manifest.write_text(text.replace("grace: 10", "grace: 2"))
    (folder / "tidy.py").open("a").write(_MARK)
    return folder


def _kill_once(bench: BenchRack, number: int, releases: list[str]) -> list[str]:
    """Kill the rack during one promote and one run; say what was not as promised afterwards."""
    commands = [
        ["releases", "rollback", releases[number % 2], "-a", _APP, "--no-wait"],
        ["timers", "run", "tidy", "-a", _APP],
    ]
    running = [
        subprocess.Popen(
            [str(CONVOX), *command], env=bench.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]  # fmt: skip
    delay = random.uniform(0.2, 3.0)
    time.sleep(delay)
    os.kill(bench.pid, signal.SIGKILL)
    for process in running:
        process.wait(timeout=60)
    bench.convox("rack", "start", "local", bench.name)
    try:
        took = wait_for(lambda: api.is_running(bench, _APP), 60, 0.1)
        wait_for(lambda: bench.get(_APP)[0] == 200, 20)
    except TimeoutError as error:
        return [f"{number} (killed at {delay:.2f} s): {error}"]
    say(f"kill {number} at {delay:.2f} s: settled after {took:.2f} s")
    return []


def _lost(bench: BenchRack, writer: _Writer) -> Figure:
    kept = set(_query(bench, "SELECT text FROM notes"))
    lost = [text for text in writer.acknowledged if text not in kept]
    note = f"{len(writer.acknowledged)} acknowledged, {dict(writer.refused)} were not"
    if lost:
        note += f"; lost: {', '.join(lost[:10])}"
    return Figure("acknowledged rows lost", len(lost), "", 0, 0, note)


def _twice(bench: BenchRack) -> Figure:
    """Count the runs whose process ran twice, and the moments that were run twice."""
    wait_for(lambda: all(not run["ended"].startswith(_NEVER) for run in _runs(bench)), 60, 0.5)
    runs = _runs(bench)
    marks = Counter(_query(bench, "SELECT process FROM marks"))
    dues = Counter(run["due"] for run in runs if not run["manual"])
    twice = [f"{name} left {count} marks" for name, count in marks.items() if count > 1]
    twice += [f"{due} was run {count} times" for due, count in dues.items() if count > 1]
    unknown = set(marks) - {run["process"] for run in runs}
    twice += [f"{name} belongs to no run" for name in unknown]
    statuses = dict(Counter(run["status"] for run in runs))
    note = "; ".join([f"{len(marks)} marks, runs: {statuses}", *twice])
    return Figure("runs of the timer that ran twice", len(twice), "", 0, 0, note)


def _runs(bench: BenchRack) -> list[dict[str, str]]:
    text = bench.convox("timers", "runs", "tidy", "-a", _APP, "--limit", "1000", "--json")
    runs: list[dict[str, str]] = json.loads(text)
    return runs


def _query(bench: BenchRack, statement: str) -> list[str]:
    name = f"convox.{bench.name}.{_APP}.resource.db.0"
    command = 'PGPASSWORD="$POSTGRES_PASSWORD" exec psql -h 127.0.0.1 -U app -Atc "$1" app'
    done = subprocess.run(
        ["docker", "exec", name, "sh", "-c", command, "sh", statement],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()
