"""A deploy against the same work by hand, and a deploy under load."""

from __future__ import annotations

import http.client
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.figures import Figure
from bench.harness import CONVOX, BenchRack, copy_of_hello, free_port, say

_ROUNDS = 7
_DEBIAN_DOCKER = "/usr/bin/docker"


def measure(bench: BenchRack) -> list[Figure]:
    """Return the figures of `convox deploy`; the app `hello` stays deployed."""
    bench.convox("apps", "create", "hello")
    _deploy(bench, "warm-up", 0)
    ours, by_hand = [], []
    for number in range(1, _ROUNDS + 1):
        by_hand.append(_by_hand(bench, f"hand-{number}", number))
        ours.append(_deploy(bench, f"deploy-{number}", number))
        say(f"deploy {ours[-1]:.2f} s, by hand {by_hand[-1]:.2f} s")
    # At most 1.3 x by hand + 0.5 s is at most 1.3 x (by hand + 0.5 s / 1.3).
    over = median(a / (b + 0.5 / 1.3) for a, b in zip(ours, by_hand, strict=True))
    note = f"medians: deploy {median(ours):.2f} s, by hand {median(by_hand):.2f} s"
    return [
        Figure("deploy / (by hand + 0.5 s / 1.3)", over, "x", 1.3, 1.2, note),
        _under_load(bench),
    ]


def _deploy(bench: BenchRack, marker: str, number: int) -> float:
    source = copy_of_hello(bench.home / "deploy", marker)
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(CONVOX), "deploy", str(source), "-a", "hello"],
        env=bench.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    while f"[{marker}]" not in bench.get("hello")[1]:
        if process.poll() not in (None, 0):
            raise RuntimeError((process.stderr.read() if process.stderr else b"").decode())
        if time.perf_counter() - started > 120:
            raise TimeoutError("the new release never answered")
        time.sleep(0.01)
    took = time.perf_counter() - started
    process.wait()
    return took


def _by_hand(bench: BenchRack, marker: str, number: int) -> float:
    source = copy_of_hello(bench.home / "hand", marker)
    name, port = f"convox-bench-hand-{number}", free_port()
    started = time.perf_counter()
    docker = [_DEBIAN_DOCKER] if Path(_DEBIAN_DOCKER).exists() else ["docker"]
    env = {**bench.env, "DOCKER_BUILDKIT": "1"}
    try:
        subprocess.run(
            [*docker, "build", "-q", "-t", name, str(source)],
            env=env,
            check=True,
            capture_output=True,
        )
        subprocess.run(
            [*docker, "run", "-d", "--name", name, "-p", f"127.0.0.1:{port}:3000", name],
            env=env, check=True, capture_output=True,
        )  # fmt: skip
        while f"[{marker}]" not in _plain(port):
            time.sleep(0.01)
        return time.perf_counter() - started
    finally:
        subprocess.run([*docker, "rm", "-f", name], capture_output=True, check=False)
        subprocess.run([*docker, "rmi", name], capture_output=True, check=False)


def _plain(port: int) -> str:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""


@dataclass
class _Load:
    """Fifty requests a second until told to stop, at most for a minute."""

    bench: BenchRack
    outcomes: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send requests at their times, each from a thread of its own."""
        threads = []
        started = time.monotonic()
        for number in range(50 * 60):
            if self.stop.is_set():
                break
            time.sleep(max(0.0, started + number / 50 - time.monotonic()))
            thread = threading.Thread(target=self._one)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    def _one(self) -> None:
        status, text = self.bench.get("hello", timeout_s=15)
        self.outcomes["ok" if status == 200 else f"{status} {text[:80]}"] += 1


def _under_load(bench: BenchRack) -> Figure:
    load = _Load(bench)
    runner = threading.Thread(target=load.run)
    runner.start()
    time.sleep(1)
    _deploy(bench, "under-load", 99)
    time.sleep(3)
    load.stop.set()
    runner.join()
    failed = sum(count for outcome, count in load.outcomes.items() if outcome != "ok")
    return Figure("failed requests in a deploy at 50/s", failed, "", 0, 0, str(dict(load.outcomes)))
