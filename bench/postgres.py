"""From the promote of an app with a postgres to its first query, against `docker run` by hand."""

from __future__ import annotations

import subprocess
import time
import uuid
from pathlib import Path
from statistics import median

from bench.figures import Figure
from bench.harness import BenchRack, copy_of_hello, wait_for

_ROUNDS = 3
_IMAGE = "postgres:15"
_QUERY = ("psql", "-h", "127.0.0.1", "-U", "app", "-Atc", "select 1", "app")
_MANIFEST = """
resources:
  db:
    type: postgres
services:
  web:
    port: 3000
    resources: [db]
    environment: [GREETING=Hello]
"""


def measure(bench: BenchRack) -> list[Figure]:
    """Return the slowest that is promised beside what it took, in turn with `docker run`."""
    ours, theirs = [], []
    for number in range(_ROUNDS):
        ours.append(_promoted(bench, f"pg{number}"))
        theirs.append(_by_hand())
    note = f"docker run by hand: {median(theirs):.2f} s"
    limit = 1.5 * median(theirs) + 0.5
    return [Figure("promote to first query of postgres", median(ours), "s", limit, note=note)]


def _promoted(bench: BenchRack, app: str) -> float:
    source = copy_of_hello(bench.home / app, app)
    (Path(source) / "convox.yml").write_text(_MANIFEST)
    bench.convox("apps", "create", app, "--wait")
    release = bench.convox("build", str(source), "-a", app, "--id").split()[-1]
    started = time.monotonic()
    bench.convox("releases", "promote", release, "-a", app, "--no-wait")
    name = f"convox.{bench.name}.{app}.resource.db.0"
    wait_for(lambda: _answers(name), 60)
    taken = time.monotonic() - started
    bench.convox("apps", "delete", app, "--wait")
    return taken


def _by_hand() -> float:
    name = f"convox-bench-{uuid.uuid4().hex[:8]}"
    words = ("POSTGRES_USER=app", "POSTGRES_PASSWORD=bench", "POSTGRES_DB=app")
    env = [part for word in words for part in ("-e", word)]
    started = time.monotonic()
    subprocess.run(
        ["docker", "run", "-d", "--name", name, *env, _IMAGE], check=True, capture_output=True
    )
    try:
        wait_for(lambda: _answers(name), 60)
        return time.monotonic() - started
    finally:
        subprocess.run(["docker", "rm", "-fv", name], capture_output=True)


def _answers(container: str) -> bool:
    # Over TCP: on its own socket it also answers while it makes its data directory.
    command = 'PGPASSWORD="$POSTGRES_PASSWORD" exec "$@"'
    done = subprocess.run(
        ["docker", "exec", container, "sh", "-c", command, "sh", *_QUERY], capture_output=True
    )
    return done.returncode == 0
