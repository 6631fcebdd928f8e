"""Timers over a whole local rack: real minutes, real processes, a rack that is killed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from convox.api.types import ListOptions, TimerRun
from convox.core.errors import ConflictError, InvalidError
from tests.docker.conftest import docker
from tests.docker.providers.local.rack_rig import Bench, bench, manifest, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("timers")]
NEVER = "0 0 1 1 ? 2199"


@pytest.fixture(scope="module")
def rig(tmp_path_factory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("timers")) as made:
        made.create("app")
        yield made


def with_timers(**timers: dict[str, str]) -> str:
    """Return a manifest of a worker with these timers; what they do not say is a default."""
    worker = {"port": None, "command": ["sleep", "600"], "health": None, "volumes": ["/data"]}
    text = json.loads(manifest({"worker": worker}))
    text["timers"] = {
        name: {"service": "worker", "schedule": NEVER, **timer} for name, timer in timers.items()
    }
    return json.dumps(text)


def last(rig: Bench, name: str) -> TimerRun:
    return rig.rack.timer_runs("app", name, ListOptions(limit=1))[0]


def ended(rig: Bench, name: str, limit_s: float = 20) -> TimerRun:
    wait_for(lambda: last(rig, name).ended is not None, limit_s, rig.log_of("app"))
    return last(rig, name)


def test_a_timer_runs_by_the_clock_in_its_service_and_is_logged(rig):
    release = rig.deploy("app", with_timers(tick={"command": "echo at $RELEASE; exit 3",
                                                  "schedule": "* * * * *"}))  # fmt: skip
    assert rig.rack.app_get("app").release == release.id

    wait_for(lambda: rig.rack.timer_list("app")[0].last is not None, 70)
    run = ended(rig, "tick")

    assert (run.status, run.exit_code, run.release) == ("failed", 3, release.id)
    assert run.due is not None
    assert run.started is not None
    assert (run.due.second, (run.started - run.due).total_seconds() < 10) == (0, True)
    log = rig.log("app")
    assert f"timer/tick/{run.process} at {release.id}" in log
    assert f"timer tick: run {run.id}: exited 3 after" in log
    assert docker("ps", "-aq", "--filter", f"label=convox.run={run.id}",
                  "--filter", f"label=convox.rack={rig.layout.rack}") == ""  # fmt: skip


def test_a_run_by_hand_shares_the_volumes_and_shows_in_ps(rig):
    rig.deploy("app", with_timers(write={"command": "echo kept > /data/file; sleep 3"}))

    run = rig.rack.timer_run("app", "write")

    assert run.process in [process.id for process in rig.ps("app")]
    with pytest.raises(ConflictError, match="timer write is running"):
        rig.rack.timer_run("app", "write")
    assert (ended(rig, "write").status, last(rig, "write").exit_code) == ("complete", 0)
    worker = next(p.id for p in rig.ps("app") if p.name == "worker")
    assert docker("exec", worker, "cat", "/data/file") == "kept"


def test_a_run_goes_on_while_the_rack_is_down_and_its_end_is_kept(rig):
    rig.deploy("app", with_timers(slow={"command": "sleep 2; echo done; exit 5"}))
    run = rig.rack.timer_run("app", "slow")

    rig.again(before=lambda: wait_for(lambda: _status(run.process) == "exited"))

    found = ended(rig, "slow")
    assert (found.id, found.status, found.exit_code) == (run.id, "failed", 5)
    wait_for(lambda: f"timer/slow/{run.process} done" in rig.log("app"))


def _status(pid: str) -> str:
    return docker("inspect", "-f", "{{.State.Status}}", pid)


def test_stopping_the_process_of_a_run_ends_the_run(rig):
    rig.deploy("app", with_timers(long={"command": "exec sleep 300"}))
    run = rig.rack.timer_run("app", "long")

    rig.rack.process_stop("app", run.process)

    found = ended(rig, "long", 30)
    assert found.status == "failed"
    assert found.exit_code not in (0, None)


@pytest.mark.parametrize(
    ("timer", "message"),
    [
        ({"schedule": "0 0 31 2 ?"}, 'timer t: schedule "0 0 31 2 [?]" never comes'),
        ({"schedule": "@daily"}, "timer t: invalid schedule expression: @daily"),
        ({"schedule": "61 * * * *"}, 'minute "61" is not valid'),
        ({"service": "wurker"}, "timer t: no such service: wurker"),
        ({"command": ""}, "timer t has no command"),
        ({"concurrency": "maybe"}, "concurrency must be allow or forbid"),
    ],
)
def test_a_timer_that_cannot_run_is_refused_at_promote(rig, timer, message):
    before = rig.rack.app_get("app").release
    text = with_timers(t={"command": "true", **timer})

    with pytest.raises(InvalidError, match=message):
        rig.promote("app", rig.release("app", text))

    assert rig.rack.app_get("app").release == before
