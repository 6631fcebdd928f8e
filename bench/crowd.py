"""Thirty apps of three services on a rack: what it does at rest, restarted, beside a sick app.

Ten of the apps have a postgres or a redis. writes.py measures what kills do to data.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from bench import api
from bench.figures import Figure
from bench.harness import BenchRack, resident_mb, say, wait_for

APPS = tuple(f"crowd{number:02}" for number in range(30))
_SERVICES = ("web", "api", "admin")
_SICK, _WELL = APPS[0], APPS[1]
_AT_ONCE = 4
_IDLE_S = 30
_SETTLES_IN_S = 10
_ROUNDS = 3
_DOCKERFILE = """
FROM python:3.11-slim
COPY server.py /server.py
CMD ["python3", "/server.py"]
"""
_SERVER = """
import os, signal
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.environ.get("SICK") == "yes" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words): pass
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
HTTPServer(("", 3000), Page).serve_forever()
"""


def measure(bench: BenchRack) -> list[Figure]:
    """Return the figures; the apps stay."""
    seconds = _deploy_all(bench)
    time.sleep(_SETTLES_IN_S)
    note = f"{len(APPS)} apps deployed in {seconds:.0f} s, {resident_mb(bench.pid):.0f} MB"
    idle = _cpu_percent(bench.pid, _IDLE_S)
    say(f"{idle:.2f} % of a core at rest")
    return [
        Figure("30 idle apps: rack process", idle, "% of a core", 2, None, note),
        *_restart(bench),
        _beside_a_sick_app(bench),
    ]


def _deploy_all(bench: BenchRack) -> float:
    started = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda pair: _deploy(bench, *pair), enumerate(APPS)))
    _await_each(APPS, lambda app: _is_whole(bench, app))
    seconds = time.monotonic() - started
    say(f"deployed {len(APPS)} apps in {seconds:.0f} s")
    return seconds


def _deploy(bench: BenchRack, number: int, app: str) -> None:
    source = bench.home / "crowd" / app
    source.mkdir(parents=True)
    (source / "convox.yml").write_text(_manifest(number))
    (source / "Dockerfile").write_text(_DOCKERFILE)
    (source / "server.py").write_text(_SERVER)
    bench.convox("apps", "create", app)
    bench.convox("deploy", str(source), "-a", app, "--wait")


def _manifest(number: int) -> str:
    resource = {0: "postgres", 3: "redis"}.get(number % 6, "")
    manifest: dict[str, object] = {
        "environment": ["SICK=no", "ROUND=0"],
        "services": {
            service: {
                "port": 3000,
                "drain": 2,
                "health": {"path": "/", "grace": 60},
                "scale": {"cpu": 32, "memory": 64},
                **({"resources": ["store"]} if resource and service == "web" else {}),
            }
            for service in _SERVICES
        },
    }
    if resource:
        manifest["resources"] = {"store": {"type": resource}}
    return json.dumps(manifest)


def _is_whole(bench: BenchRack, app: str) -> bool:
    if not api.is_running(bench, app):
        return False
    processes = api.get(bench, f"/apps/{app}/processes") or []
    running = [process["name"] for process in processes if process["status"] == "running"]
    return set(_SERVICES) <= set(running)


def _cpu_percent(pid: int, seconds: float) -> float:
    before, started = _cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (_cpu_seconds(pid) - before) / (time.monotonic() - started)


def _cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, its system calls included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class _Visitor:
    """Asks one app after the other until told to stop, and counts the answers."""

    bench: BenchRack
    answers: Counter[int] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask on."""
        while not self.stop.is_set():
            for app in APPS:
                self.answers[self.bench.get(app, "web")[0]] += 1


def _restart(bench: BenchRack) -> list[Figure]:
    """Kill the rack, take processes away meanwhile, and start it again."""
    visitor = _Visitor(bench)
    thread = threading.Thread(target=visitor.run)
    thread.start()
    os.kill(bench.pid, signal.SIGKILL)
    for app in APPS[::6]:
        _remove_process(bench, app, "admin")
    started = time.monotonic()
    bench.convox("rack", "start", "local", bench.name)
    _await_each(APPS, lambda app: _is_whole(bench, app))
    _await_each(APPS, lambda app: bench.get(app, "admin")[0] == 200)
    seconds = time.monotonic() - started
    visitor.stop.set()
    thread.join()
    say(f"restarted in {seconds:.1f} s")
    failed = sum(count for status, count in visitor.answers.items() if status != 200)
    note = f"{len(APPS[::6])} processes were removed meanwhile, and are there again"
    return [
        Figure("30 apps: the rack restarted", seconds, "s", 10, None, note),
        Figure("requests lost in the restart", failed, "", 0, 0, str(dict(visitor.answers))),
    ]


def _await_each(apps: tuple[str, ...], check: Callable[[str], bool]) -> None:
    """Wait until `check` was true once of each app, asking no more of an app than that."""
    for app in apps:
        wait_for(partial(check, app), 120, 0.1)


def _remove_process(bench: BenchRack, app: str, service: str) -> None:
    prefix = f"name=^convox.{bench.name}.{app}.{service}."
    found = subprocess.run(
        ["docker", "ps", "-q", "--filter", prefix], capture_output=True, text=True, check=True
    ).stdout.split()
    subprocess.run(["docker", "rm", "-f", *found], capture_output=True, check=True)


def _beside_a_sick_app(bench: BenchRack) -> Figure:
    """Promote in one app alone, and again while another waits for its health in vain."""
    alone = [_promote(bench, _WELL, f"ROUND=alone{number}") for number in range(_ROUNDS)]
    _set(bench, _SICK, "SICK=yes")
    wait_for(lambda: not api.is_running(bench, _SICK), 20)
    time.sleep(1)
    beside = [_promote(bench, _WELL, f"ROUND=beside{number}") for number in range(_ROUNDS)]
    if api.is_running(bench, _SICK):
        raise RuntimeError("the sick app did not wait long enough to measure anything")
    bench.convox("apps", "cancel", _SICK, check=False)
    note = f"medians: {median(beside):.2f} s, alone {median(alone):.2f} s"
    return Figure(
        "a promote beside a 60 s health wait / alone",
        median(beside) / median(alone), "x", 1.5, 1.2, note,
    )  # fmt: skip


def _promote(bench: BenchRack, app: str, word: str) -> float:
    _await_calm(bench, app)
    release = _set(bench, app, word, promote=False)
    started = time.monotonic()
    bench.convox("releases", "promote", release, "-a", app, "--no-wait")
    wait_for(lambda: api.is_running(bench, app, release), 60)
    return time.monotonic() - started


def _set(bench: BenchRack, app: str, word: str, *, promote: bool = True) -> str:
    more = ("--promote", "--no-wait") if promote else ()
    return bench.convox("env", "set", word, "-a", app, "--id", *more).split()[-1]


def _await_calm(bench: BenchRack, app: str) -> None:
    """Wait until nothing of an earlier release is left."""
    processes = f"/apps/{app}/processes"
    wait_for(lambda: len(api.get(bench, processes) or []) == len(_SERVICES), 60, 0.2)
