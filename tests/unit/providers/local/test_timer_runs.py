from collections.abc import Iterator
from dataclasses import replace

import pytest

from convox.core.errors import FailedError, UnavailableError
from convox.providers.local.layout import LABEL_RUN
from tests.fakes.timer_world import NOON, TimerWorld, timer_world


@pytest.fixture
def world(tmp_path) -> Iterator[TimerWorld]:
    made = timer_world(tmp_path)
    made.timers.turn()
    yield made
    made.store.close()


def test_a_run_is_a_process_of_the_service_with_its_env_limits_and_volumes(world: TimerWorld):
    world.minute()

    container = world.processes()[0]
    spec = world.engine.inside[container.id].spec
    assert spec.name == f"convox.dev.app.web.timer-{world.run().id}"
    assert spec.command == ("sh", "-c", "bin/tick")
    assert (spec.env["SIZE"], spec.env["SERVICE"], spec.env["RELEASE"]) == ("big", "web", "RONE")
    assert (spec.memory_mib, spec.cpu_units, spec.cap_drop) == (512, 256, ("ALL",))
    assert [mount.target for mount in spec.mounts] == ["/data"]
    assert spec.network == world.layout.network("app")
    assert container.labels["convox.kind"] == "timer"
    assert world.logs.collected == [container.pid]
    run = world.run()
    assert (run.status, run.process, run.release) == ("running", container.pid, "RONE")


def test_the_end_of_a_run_is_kept_and_its_process_goes(world: TimerWorld):
    world.minute()
    pid = world.processes()[0].pid
    world.engine.finish(world.processes()[0].id, 3)

    world.timers.turn()

    run = world.run()
    assert (run.status, run.exit_code, run.reason) == ("failed", 3, "")
    assert run.ended is not None
    assert world.processes() == []
    messages = [line for app, line in world.logs.lines if app == "app"]
    assert messages[0] == f"timer tick: run {run.id}: started {pid}, due 12:01 UTC"
    assert messages[1].startswith(f"timer tick: run {run.id}: exited 3 after ")
    assert messages[1].endswith("exit status 3")


def test_a_run_that_needs_too_much_memory_says_so(world: TimerWorld):
    world.minute()
    world.engine.finish(world.processes()[0].id, 137, oom=True)

    world.timers.turn()

    assert (world.run().status, world.run().reason) == ("failed", "it ran out of memory")


def test_a_run_that_cannot_be_started_has_failed_with_the_cause(world: TimerWorld):
    world.engine.failures["start"] = FailedError("cannot start", why="no such program")

    world.minute()

    assert world.run().status == "failed"
    assert "no such program" in world.run().reason
    assert world.processes() == []


def test_a_run_whose_image_is_gone_has_failed(world: TimerWorld):
    world.engine.image_remove(world.layout.image("app", "web", "BONE"))

    world.minute()

    assert world.run().status == "failed"
    assert world.run().reason.startswith("it could not be started: ")


def test_a_run_outlives_the_rack_and_its_end_is_noticed_by_the_next(world: TimerWorld):
    world.minute()
    container = world.processes()[0]
    world.again()
    world.timers.turn()
    assert world.run().status == "running"
    assert world.logs.collected == [container.pid]

    world.engine.finish(container.id, 0)
    world.again()
    world.timers.turn()

    assert (world.run().status, world.run().exit_code) == ("complete", 0)
    assert world.processes() == []


def killed(world: TimerWorld, method: str, *, done: bool) -> None:
    """Let the rack die while it asks the engine something, which is done or is not."""
    real = getattr(world.engine, method)

    def dies(*words, **more):
        if done:
            real(*words, **more)
        raise UnavailableError("killed")

    setattr(world.engine, method, dies)
    with pytest.raises(UnavailableError):
        world.minute()
    setattr(world.engine, method, real)
    world.again()


@pytest.mark.parametrize("method", ["create", "start"])
@pytest.mark.parametrize("done", [False, True])
def test_a_rack_killed_while_it_starts_a_run_starts_it_once(world: TimerWorld, method, done):
    killed(world, method, done=done)

    world.timers.turn()
    world.timers.turn()

    assert world.run().status == "running"
    assert len(world.processes()) == 1
    assert [call for call, _ in world.engine.calls].count("start") == 1


def test_a_run_that_ended_before_the_rack_noted_its_start_is_not_run_again(world: TimerWorld):
    killed(world, "start", done=True)
    world.engine.finish(world.processes()[0].id, 0)
    starts = [call for call, _ in world.engine.calls].count("start")

    world.timers.turn()
    world.timers.turn()

    assert (world.run().status, world.run().exit_code) == ("complete", 0)
    assert [call for call, _ in world.engine.calls].count("start") == starts


def test_a_run_that_was_not_begun_in_its_minute_is_missed(world: TimerWorld):
    killed(world, "start", done=False)
    world.clock.move(minutes=2, seconds=30)

    world.timers.turn()

    missed = [run for run in world.store.timers.latest("app", "tick", 9) if run.status == "missed"]
    assert [run.reason for run in missed][-1] == "it could not start in its minute"
    assert all(c.status == "running" for c in world.processes())


def test_a_process_removed_by_somebody_ends_its_run(world: TimerWorld):
    world.minute()
    world.engine.remove(world.processes()[0].id)

    world.timers.turn()

    assert (world.run().status, world.run().reason) == ("failed", "its process was removed")


def test_a_run_over_its_time_limit_is_stopped(world: TimerWorld):
    world.minute()
    first = world.processes()[0].id
    world.clock.move(days=1, minutes=1)

    world.timers.turn()

    run = next(r for r in world.store.timers.latest("app", "tick", 9) if r.due.day == NOON.day)
    assert (run.status, run.reason) == ("failed", "it took longer than it may")
    assert first not in [container.id for container in world.processes()]


def test_processes_of_runs_that_nobody_knows_are_removed_at_the_start(world: TimerWorld):
    world.minute()
    spec = world.engine.inside[world.processes()[0].id].spec
    stray = replace(spec, name="stray", labels={**spec.labels, LABEL_RUN: "999"})
    world.engine.create(stray)
    world.again()

    world.timers.turn()

    assert [c.labels[LABEL_RUN] for c in world.processes()] == [str(world.run().id)]
