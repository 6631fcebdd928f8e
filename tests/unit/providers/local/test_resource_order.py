from dataclasses import replace

from convox.providers.local.desired import DesiredApp, ResourceFacts
from convox.providers.local.observed import State
from convox.providers.local.plan import plan
from convox.providers.local.resource_order import is_kept
from convox.providers.local.steps import (
    DeleteResource,
    FinishPromote,
    RestartProcess,
    StartProcess,
)
from tests.fakes.core_world import World, service, target

FACTS = ResourceFacts("db", "net.db", "db.host", "postgres")
DB = service(
    "",
    "resource db",
    resource=FACTS,
    hosts=(),
    drain_s=0,
    minimum=0,
    maximum=100,
    stop_first=True,
    spec="db-15",
)


def web(release: str):
    return service(release, needs=("resource db",), networks=("net.db",), drain_s=0)


def started(world: World) -> list[str]:
    return [step.service.name for step in world.plan().steps if isinstance(step, StartProcess)]


def test_a_service_starts_once_its_resource_is_up():
    world = World(pending=target("R1", DB, web("R1")))
    assert started(world) == ["resource db"]

    world.settle()

    assert world.finished == [FinishPromote("R1", promoted=True)]
    starts = [s.service.name for s in world.applied if isinstance(s, StartProcess)]
    assert starts == ["resource db", "web"]


def test_another_release_leaves_the_resource_alone():
    world = World(pending=target("R1", DB, web("R1")))
    world.settle()
    (before,) = world.of("db-15")

    world.pending = target("R2", DB, web("R2"))
    world.settle()

    assert [process.id for process in world.of("db-15")] == [before.id]
    assert world.active is not None
    assert world.active.release == "R2"


def test_a_resource_that_never_gets_well_fails_the_promote_and_the_old_release_serves():
    world = World(pending=target("R1", service("R1")))
    world.settle()
    world.never_up = {"db-15"}

    world.pending = target("R2", replace(DB, start_limit_s=5), web("R2"))
    world.settle()

    assert not world.finished[-1].promoted
    assert world.finished[-1].cause.startswith("resource db was not healthy within 5 s")
    assert world.upstreams()
    assert world.of("db-15") == []


def test_a_new_version_never_runs_beside_the_old_one():
    world = World(pending=target("R1", DB, web("R1")))
    world.settle()
    newer = replace(DB, spec="db-16")

    world.pending = target("R2", newer, web("R2"))
    for _ in range(40):
        for step in world.plan().steps:
            world.apply(step)
            running = [p for p in (*world.of("db-15"), *world.of("db-16")) if p.state != "exited"]
            assert len(running) <= 1
        world.live()

    assert len(world.of("db-16")) == 1
    assert world.of("db-15") == []


def test_a_version_that_fails_gives_the_place_back_to_the_old_one():
    world = World(pending=target("R1", DB, web("R1")))
    world.settle()
    world.exits = {"db-16"}

    world.pending = target("R2", replace(DB, spec="db-16"), web("R2"))
    world.settle()

    assert not world.finished[-1].promoted
    assert [process.state for process in world.of("db-15")] == [State.UP]
    assert world.of("db-16") == []


def test_a_process_that_ended_waits_for_the_resource_to_start_again():
    world = World(active=target("R1", DB, web("R1")), network=True, joined=True)
    world.add(DB, State.EXITED)
    world.add(web("R1"), State.EXITED)

    restarts = [s.service for s in world.plan().steps if isinstance(s, RestartProcess)]

    assert restarts == ["resource db"]


def test_what_is_only_kept_holds_no_promote_up():
    kept = replace(DB, resource=replace(FACTS, kept=True))
    world = World(pending=target("R1", kept, service("R1", drain_s=0)), never_up={"db-15"})
    assert is_kept(kept)

    for _ in range(5):
        for step in world.plan().steps:
            world.apply(step)
        world.live()

    assert world.finished[-1].promoted


def test_a_resource_goes_away_only_when_nothing_of_it_runs():
    world = World(active=target("R1", service("R1")), network=True, joined=True)
    world.add(DB, State.UP)

    def steps() -> list[object]:
        doomed = replace(world.desired, doomed=("db",))
        assert isinstance(doomed, DesiredApp)
        return list(plan(doomed, world.observed, world.now).steps)

    assert DeleteResource("db") not in steps()
    world.processes.clear()
    assert DeleteResource("db") in steps()
