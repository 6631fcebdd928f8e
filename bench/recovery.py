"""Kills of the rack in the middle of deploys, and of the router and the engine under it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time

from bench.figures import Figure
from bench.harness import CONVOX, BenchRack, copy_of_hello, say, wait_for

_HEALS_IN_S = 10.0


def measure(bench: BenchRack, kills: int) -> list[Figure]:
    """Return the figures of recovery; `kills` deploys are each cut short once."""
    troubles = [trouble for number in range(kills) for trouble in _kill_once(bench, number)]
    orphans = _orphans(bench)
    router = _router_killed(bench)
    return [
        Figure(
            f"troubles after {kills} kills of the rack",
            len(troubles),
            "",
            0,
            0,
            "; ".join(troubles),
        ),
        Figure("orphans after the kills", len(orphans), "", 0, 0, "; ".join(orphans)),
        Figure("router killed: apps answer again", router, "s", _HEALS_IN_S),
    ]


def _kill_once(bench: BenchRack, number: int) -> list[str]:
    """Kill the rack during one deploy; say what was not as promised afterwards."""
    source = copy_of_hello(bench.home / "kill", f"kill-{number}")
    before = bench.get("hello")[0]
    deploy = subprocess.Popen(
        [str(CONVOX), "deploy", str(source), "-a", "hello"], env=bench.env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    delay = random.uniform(0.05, 3.0)
    time.sleep(delay)
    accepted = _releases(bench)
    os.kill(bench.pid, signal.SIGKILL)
    during = bench.get("hello")[0]
    start(bench)
    deploy.wait(timeout=60)
    troubles = [] if before == during == 200 else [f"{number}: {before} then {during} while down"]
    return troubles + _aftermath(bench, number, accepted, delay)


def _aftermath(bench: BenchRack, number: int, accepted: set[str], delay: float) -> list[str]:
    troubles = []
    try:
        wait_for(lambda: bench.get("hello")[0] == 200, _HEALS_IN_S)
        wait_for(lambda: _settled(bench), 60, 0.1)
    except TimeoutError as error:
        troubles.append(f"{number} (killed at {delay:.2f} s): {error}")
    lost = accepted - _releases(bench)
    return troubles + [f"{number}: release {release} is lost" for release in lost]


def start(bench: BenchRack) -> None:
    """Start the rack process again, as a service manager would."""
    bench.convox("rack", "start", "local", bench.name)


def _settled(bench: BenchRack) -> bool:
    app = json.loads(bench.convox("api", "get", "/apps/hello"))
    builds = json.loads(bench.convox("api", "get", "/apps/hello/builds"))
    return app["status"] == "running" and all(b["status"] != "running" for b in builds)


def _releases(bench: BenchRack) -> set[str]:
    text = bench.convox("api", "get", "/apps/hello/releases?limit=1000", check=False)
    return {release["id"] for release in json.loads(text or "[]")}


def _orphans(bench: BenchRack) -> list[str]:
    """Wait for drains to end; return what is left beyond what should run."""
    time.sleep(35)
    label = f"label=convox.rack={bench.name}"
    listed = subprocess.run(
        ["docker", "ps", "-a", "--filter", label, "--format", "{{.Names}} {{.Status}}"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    services = [line for line in listed if ".hello." in line]
    work = list((bench.folder / "work").glob("*"))
    extra = services[1:] if len(services) > 1 else []
    return [*extra, *(f"work/{path.name}" for path in work)]


def _router_killed(bench: BenchRack) -> float:
    name = subprocess.run(
        ["docker", "ps", "-q", "--filter", f"label=convox.rack={bench.name}",
         "--filter", "label=convox.kind=router"],
        capture_output=True, text=True, check=True,
    ).stdout.split()[0]  # fmt: skip
    subprocess.run(["docker", "kill", name], check=True, capture_output=True)
    took = wait_for(lambda: bench.get("hello")[0] == 200, 60)
    say(f"router killed: answered again after {took:.2f} s")
    return took
