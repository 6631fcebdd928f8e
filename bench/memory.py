"""The memory of the rack process at rest and through a large upload."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time

from bench.figures import Figure
from bench.harness import BenchRack, resident_mb

_UPLOAD_BYTES = 1_000_000_000


def measure(bench: BenchRack) -> list[Figure]:
    """Return the figures of idle memory and of a 1 GB upload."""
    time.sleep(3)
    idle = resident_mb(bench.pid)
    router = _router_mb(bench)
    growth = _upload_growth(bench)
    return [
        Figure("rack process idle", idle, "MB", 100, None, f"router beside it: {router:.0f} MB"),
        Figure("growth through a 1 GB upload", growth, "MB", 30),
    ]


def _router_mb(bench: BenchRack) -> float:
    ids = subprocess.run(
        ["docker", "ps", "-q", "--filter", f"label=convox.rack={bench.name}",
         "--filter", "label=convox.kind=router"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    pid = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Pid}}", ids[0]],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return resident_mb(int(pid))


def _upload_growth(bench: BenchRack) -> float:
    path = bench.home / "big"
    with path.open("wb") as file:
        for _ in range(_UPLOAD_BYTES // 1_000_000):
            file.write(os.urandom(1_000_000))
    before = resident_mb(bench.pid)
    peak = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], resident_mb(bench.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _send(bench, str(path))
    finally:
        done.set()
        watcher.join()
        path.unlink()
    return peak[0] - before


def _send(bench: BenchRack, path: str) -> None:
    auth = json.loads((bench.home / "config" / "auth").read_text())
    host, password = next(iter(auth.items()))
    # curl keeps the client out of the measurement; the password travels in a file it reads.
    config = bench.home / "curl.conf"
    config.touch(mode=0o600)
    config.write_text(f'user = "convox:{password}"\ninsecure\nfail\nsilent\nshow-error\n')
    subprocess.run(
        ["curl", "-K", str(config), "-X", "POST", "-T", path, "-o", "/dev/null",
         f"https://{host}/apps/hello/objects/bench/big"],
        check=True, timeout=300,
    )  # fmt: skip
    subprocess.run(
        ["curl", "-K", str(config), "-X", "DELETE", "-o", "/dev/null",
         f"https://{host}/apps/hello/objects/bench/big"],
        check=True, timeout=60,
    )  # fmt: skip
