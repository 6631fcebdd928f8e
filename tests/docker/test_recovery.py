"""What goes wrong behind the rack's back, and kills of the rack: all heals without a word."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from convox.providers.local.store import open_store
from tests.docker.conftest import docker
from tests.docker.providers.local.rack_rig import Bench, bench, manifest, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("recovery")]
KILLS = 10


@pytest.fixture(scope="module")
def rig(tmp_path_factory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("recovery")) as made:
        yield made


@pytest.fixture
def app(rig: Bench, request) -> Iterator[str]:
    name = f"r{abs(hash(request.node.name)) % 10**6}"
    rig.create(name)
    yield name
    rig.rack.app_delete(name)
    wait_for(lambda: name not in [a.name for a in rig.rack.app_list()], 40)


def test_a_killed_process_is_started_again(rig, app):
    rig.deploy(app)
    before = rig.containers(app)

    docker("kill", *before)

    wait_for(lambda: rig.get(app)[0] == 200, 10)
    assert rig.containers(app) == before


def test_a_removed_container_is_made_anew(rig, app):
    rig.deploy(app)
    before = rig.containers(app)

    docker("rm", "-f", *before)

    wait_for(lambda: rig.get(app)[0] == 200, 10)
    assert not set(before) & set(rig.containers(app))


def test_a_removed_network_is_made_anew_with_all_that_is_in_it(rig, app):
    rig.deploy(app)
    name = rig.layout.network(app)
    members = docker(
        "network", "inspect", name, "-f", "{{range $id, $c := .Containers}}{{$id}} {{end}}"
    )
    for member in members.split():
        docker("network", "disconnect", "-f", name, member)
    docker("network", "rm", name)

    rig.rack.service_list(app)
    docker("kill", *rig.containers(app))

    wait_for(lambda: rig.get(app)[0] == 200, 15)


def test_a_killed_router_serves_again_within_ten_seconds(rig, app):
    release = rig.deploy(app)
    router = rig.engine.containers(rig.layout.labels("router"))[0].id

    docker("kill", router)
    time.sleep(0.2)

    rig.answers(app, release, 10)


def test_a_removed_router_serves_again_within_ten_seconds(rig, app):
    release = rig.deploy(app)
    router = rig.engine.containers(rig.layout.labels("router"))[0].id

    docker("rm", "-f", router)

    rig.answers(app, release, 10)


def test_apps_go_on_while_the_rack_is_away_and_its_return_touches_nothing(rig, app):
    release = rig.deploy(app)
    before = rig.containers(app)

    def away() -> None:
        assert rig.get(app)[1].startswith(release.id)

    rig.again(before=away)
    rig.answers(app, release, 5)
    time.sleep(1)

    assert rig.get(app)[1].startswith(release.id)
    assert rig.containers(app) == before


def test_what_ended_while_the_rack_was_away_is_started(rig, app):
    release = rig.deploy(app)

    rig.again(before=lambda: docker("kill", *rig.containers(app)))

    rig.answers(app, release, 10)


def test_a_deletion_that_was_cut_short_is_finished(rig):
    rig.create("half")
    rig.deploy("half")
    rig.rack.store.apps.mark_deleting("half")

    rig.again()

    wait_for(lambda: "half" not in [a.name for a in rig.rack.app_list()], 30)
    assert rig.engine.networks(rig.layout.labels("network", "half")) == []


def test_what_belongs_to_no_app_is_removed_at_the_start(rig):
    rig.create("orphan")
    rig.deploy("orphan")

    rig.again(before=lambda: forget(rig, "orphan"))

    wait_for(lambda: rig.containers("orphan") == [], 20)
    wait_for(lambda: rig.engine.networks(rig.layout.labels("network", "orphan")) == [], 20)


def forget(rig: Bench, app: str) -> None:
    store = open_store(rig.layout.database, rig.clock)
    store.apps.delete(app)
    store.close()


def test_a_slow_promote_does_not_delay_the_healing_of_another_app(rig, app):
    other = f"{app}x"
    rig.create(other)
    try:
        rig.deploy(other)
        rig.deploy(app)
        rig.promote(app, rig.release(app, env="MODE=never"), timeout=30)
        began = time.monotonic()
        docker("rm", "-f", *rig.containers(other))
        wait_for(lambda: rig.get(other)[0] == 200, 10)
        assert time.monotonic() - began < 8
        rig.rack.app_cancel(app)
    finally:
        rig.rack.app_delete(other)


def test_a_rack_killed_at_any_moment_of_a_promote_loses_nothing(rig, app):
    """Each round promotes in a process of its own that is killed, and looks at what comes of it."""
    text = manifest({"web": {"drain": 1}})
    rig.deploy(app, text)
    seed = random.randrange(10**6)
    chance = random.Random(seed)

    for round in range(KILLS):
        release = rig.release(app, text, env=f"TEXT={round}")
        rig.rack.stop()
        process = start(rig, app, release.id)
        time.sleep(chance.uniform(0, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        rig.again_from_stopped()

        found = rig.settled(app)
        answer = rig.get(app)[1].split()[0]
        assert answer == found.release, f"seed {seed}, round {round}"
        accepted = rig.rack.release_get(app, release.id).status
        assert accepted in ("", "active"), f"seed {seed}, round {round}: {accepted}"
        assert (accepted == "active") == (found.release == release.id)

    wait_for(lambda: len(rig.containers(app)) == 1, 20, rig.log_of(app))
    assert rig.ps(app)[0].release == rig.rack.app_get(app).release


def start(rig: Bench, app: str, release: str) -> subprocess.Popen[bytes]:
    """Run the rack in a process that promotes a release; return once it is about to."""
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROMOTE, str(rig.layout.root), rig.layout.rack, app, release],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    return process


_PROMOTE = """
import sys, threading
from pathlib import Path
from convox.api.types import ReleasePromoteOptions
from convox.core.clock import SystemClock
from convox.providers.local.layout import Layout
from convox.providers.local.rack import open_rack
root, name, app, release = sys.argv[1:]
rack = open_rack(Layout(Path(root), name), SystemClock())
rack.start()
print("ready", flush=True)
rack.release_promote(app, release, ReleasePromoteOptions())
threading.Event().wait(60)
"""
