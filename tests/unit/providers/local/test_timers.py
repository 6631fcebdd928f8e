from collections.abc import Iterator
from datetime import timedelta

import pytest

from convox.api.types import ListOptions
from convox.core.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from tests.fakes.timer_world import MANIFEST, NOON, TimerWorld, timer_world


@pytest.fixture
def world(tmp_path) -> Iterator[TimerWorld]:
    made = timer_world(tmp_path)
    made.timers.turn()
    yield made
    made.store.close()


def test_a_timer_that_is_new_waits_for_its_next_moment(world: TimerWorld):
    assert world.processes() == []
    assert world.timers.turn() == 5.0

    world.clock.move(seconds=28)
    assert world.timers.turn() == 2.0
    assert world.processes() == []

    world.clock.move(seconds=2)
    world.timers.turn()
    assert [c.labels["convox.timer"] for c in world.processes()] == ["tick"]


def test_a_run_is_started_once_in_its_minute(world: TimerWorld):
    world.minute()
    for _ in range(5):
        world.clock.move(seconds=5)
        world.timers.turn()

    assert len(world.processes()) == 1
    assert world.run().due == NOON.replace(minute=1, second=0)


def test_a_run_that_has_not_ended_holds_off_the_next(world: TimerWorld):
    world.minute()
    world.minute()

    assert [c.labels["convox.timer"] for c in world.processes()] == ["tick", "many"]
    skipped = world.run()
    assert (skipped.status, skipped.exit_code) == ("skipped", None)
    assert skipped.reason == f"run {world.run(number=1).id} had not ended"
    assert ("app", f"timer tick: left out at 12:02: {skipped.reason}") in world.logs.lines


def test_runs_that_may_overlap_do(world: TimerWorld):
    for _ in range(4):
        world.minute()

    names = [c.labels["convox.timer"] for c in world.processes()]
    assert names.count("many") == 2


def test_the_next_moment_runs_when_the_run_before_has_ended(world: TimerWorld):
    world.minute()
    world.engine.finish(world.processes()[0].id, 0)
    world.timers.turn()
    world.minute()

    assert [world.run(number=n).status for n in (0, 1)] == ["running", "complete"]


def test_what_was_missed_is_reported_and_not_run(world: TimerWorld):
    world.clock.move(minutes=10)
    world.again()

    world.timers.turn()

    ran = {c.labels["convox.timer"]: c.labels["convox.run"] for c in world.processes()}
    assert set(ran) == {"tick", "many"}
    missed = world.run(number=1)
    assert missed.status == "missed"
    assert missed.reason.startswith("9 runs were missed, due 2026-11-24 12:01 UTC to")
    assert ("app", f"timer tick: {missed.reason}") in world.logs.lines
    assert world.run().due == NOON.replace(minute=10, second=0)


def test_a_timer_that_went_and_came_back_has_missed_nothing(world: TimerWorld):
    world.promote("services: {web: {build: .}}", "RTWO")
    world.timers.turn()
    world.clock.move(minutes=10)
    world.promote(MANIFEST, "RTHREE")

    world.timers.turn()

    assert world.processes() == []
    assert world.timers.timer_runs("app", "tick", ListOptions()) == ()


def test_a_new_schedule_begins_anew(world: TimerWorld):
    world.promote(MANIFEST.replace("* * * * *", "*/3 * * * *"), "RTWO")
    world.clock.move(minutes=10)

    world.timers.turn()

    assert world.timers.timer_runs("app", "tick", ListOptions()) == ()
    assert world.timers.timer_list("app")[0].next == NOON.replace(minute=12, second=0)


def test_timers_are_listed_with_their_last_run_and_their_next(world: TimerWorld):
    world.minute()
    world.engine.finish(world.processes()[0].id, 3)
    world.timers.turn()

    tick, many = world.timers.timer_list("app")

    assert (tick.name, tick.service, tick.schedule) == ("tick", "web", "* * * * *")
    assert (tick.command, tick.concurrency, many.concurrency) == ("bin/tick", "forbid", "allow")
    assert tick.next == NOON.replace(minute=2, second=0)
    assert tick.last is not None
    assert (tick.last.status, tick.last.exit_code) == ("failed", 3)
    assert many.last is None


def test_a_timer_is_run_by_hand_at_once(world: TimerWorld):
    run = world.timers.timer_run("app", "tick")

    assert (run.status, run.manual, run.due) == ("running", True, NOON)
    assert [c.pid for c in world.processes()] == [run.process]
    world.clock.move(seconds=1)
    with pytest.raises(ConflictError, match=f"timer tick is running: run {run.id} had not ended"):
        world.timers.timer_run("app", "tick")
    world.timers.timer_run("app", "many")
    world.clock.move(seconds=1)
    world.timers.timer_run("app", "many")
    assert len(world.processes()) == 3


def test_what_is_not_there_is_named_with_what_is(world: TimerWorld):
    with pytest.raises(NotFoundError, match="timer not found: tack") as caught:
        world.timers.timer_run("app", "tack")
    assert caught.value.fix == "the timers are tick, many"
    with pytest.raises(NotFoundError, match="timer not found: tack"):
        world.timers.timer_runs("app", "tack", ListOptions())
    with pytest.raises(NotFoundError, match="app not found: no"):
        world.timers.timer_list("no")
    with pytest.raises(InvalidError, match="limit can not be negative: -1"):
        world.timers.timer_runs("app", "tick", ListOptions(limit=-1))


def test_an_app_that_is_being_deleted_runs_nothing(world: TimerWorld):
    world.store.apps.mark_deleting("app")

    world.minute()

    assert world.processes() == []


def test_an_engine_that_does_not_answer_costs_no_run_within_its_minute(world: TimerWorld):
    world.engine.failures["create"] = UnavailableError("the Docker engine does not answer")
    with pytest.raises(UnavailableError):
        world.minute()
    world.engine.failures.clear()
    world.clock.move(seconds=20)

    world.timers.turn()

    assert world.run().status == "running"
    assert len(world.processes()) == 1


def test_the_thread_runs_what_is_due_and_ends_when_told(tmp_path):
    world = timer_world(tmp_path)
    world.timers.turn()
    world.clock.move(minutes=1)

    world.timers.start()
    for _ in range(500):
        if world.processes():
            break
        world.clock.wait(world.timers._stopping, 0.01)
    world.timers.stop()

    assert len(world.processes()) == 1
    assert world.clock.now() - NOON < timedelta(minutes=2)
    world.store.close()
