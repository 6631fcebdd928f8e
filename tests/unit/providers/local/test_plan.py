"""What is planned, and what comes of applying it until nothing is left to do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from convox.providers.local.desired import Target
from convox.providers.local.observed import Phase, State
from convox.providers.local.steps import (
    AwaitHealth,
    CreateNetwork,
    DrainProcess,
    FinishPromote,
    JoinRouter,
    RemoveProcess,
    ReportTrouble,
    RestartProcess,
    StartProcess,
    StopProcess,
    SwitchRoutes,
)
from tests.fakes.core_world import World, service, target


def running(release: str = "R1", *services) -> World:
    """An app whose first release is up."""
    world = World(pending=target(release, *services))
    world.settle()
    world.applied.clear()
    return world


def kinds(steps) -> list[str]:
    return [type(step).__name__ for step in steps]


def test_a_new_app_gets_its_network_and_the_router_in_it():
    world = World()

    assert kinds(world.plan()) == ["CreateNetwork", "JoinRouter", "SwitchRoutes"]
    world.settle()
    assert not world.plan()


def test_a_first_release_starts_waits_switches_and_is_recorded():
    world = World(pending=target("R1"))

    world.settle()

    assert kinds(world.applied) == [
        "CreateNetwork",
        "JoinRouter",
        "StartProcess",
        "SwitchRoutes",
        "SwitchRoutes",
        "FinishPromote",
    ]
    assert world.active.release == "R1"
    assert world.upstreams() == ("10.0.0.1:3000",)


def test_an_app_that_is_as_it_shall_be_has_nothing_to_do():
    assert not running().plan()


def test_the_old_release_serves_until_every_service_of_the_new_one_is_up():
    world = running("R1", service("R1"), service("R1", "api"))
    old = dict(world.processes)
    world.pending = target("R2", service("R2"), service("R2", "api"))
    before = world.routes

    for step in world.plan():
        world.apply(step)
    web = world.of("web-R2")[0]
    world.change(web.id, state=State.UP)

    assert "SwitchRoutes" not in kinds(world.plan())
    assert world.routes == before
    assert set(old) <= set(world.processes)


def test_the_switch_is_one_step_and_the_old_processes_drain_before_they_stop():
    world = running()
    world.pending = target("R2")

    world.settle()

    order = kinds(s for s in world.applied if not isinstance(s, AwaitHealth))
    order = [k for k in order if k != "AwaitTime"]
    assert order == [
        "StartProcess",
        "SwitchRoutes",
        "FinishPromote",
        "DrainProcess",
        "StopProcess",
        "RemoveProcess",
    ]
    drain = next(s for s in world.applied if isinstance(s, DrainProcess))
    assert drain.seconds == 30


def test_a_service_that_nothing_reaches_does_not_drain():
    world = running("R1", service("R1", port=0, hosts=(), drain_s=0))
    world.pending = target("R2", service("R2", port=0, hosts=(), drain_s=0))

    world.settle()

    assert "DrainProcess" not in kinds(world.applied)
    assert "StopProcess" in kinds(world.applied)


def test_a_process_that_ignores_its_signal_is_removed_after_its_grace():
    world = running()
    world.ignores_term.add("web-R1")
    world.pending = target("R2")
    began = world.now

    world.settle()

    assert not world.of("web-R1")
    assert timedelta(seconds=40) <= world.now - began < timedelta(seconds=45)


def test_a_release_that_cannot_be_started_fails_with_the_engines_words():
    world = running()
    world.cannot_start.add("web-R2")
    world.pending = target("R2")

    world.settle()

    assert world.finished[-1] == FinishPromote(
        "R2", promoted=False, cause="web could not be started: no such program"
    )
    assert world.active.release == "R1"
    assert world.upstreams() == ("10.0.0.1:3000",)


def test_a_release_whose_process_exits_three_times_fails_naming_the_status():
    world = running()
    world.exits.add("web-R2")
    world.pending = target("R2")

    world.settle()

    end = world.finished[-1]
    assert end.cause == "web keeps exiting, with status 3"
    assert end.culprit
    assert not world.of("web-R2")
    assert world.active.release == "R1"
    restarts = [s for s in world.applied if isinstance(s, RestartProcess)]
    assert len(restarts) == 2


def test_a_release_that_is_not_healthy_in_time_fails_with_what_the_check_got():
    world = running()
    world.never_up.add("web-R2")
    world.pending = target("R2")
    began = world.now

    world.settle()

    assert world.finished[-1].cause == "web was not healthy within 65 s: GET / answered 503"
    assert world.now - began > timedelta(seconds=65)
    assert [p.spec for p in world.processes.values()] == ["web-R1"]
    assert not [s for s in world.applied if isinstance(s, SwitchRoutes)]


def test_a_promote_ends_at_the_time_that_was_given():
    world = running()
    world.never_up.add("web-R2")
    world.pending = target("R2", service("R2", start_limit_s=1000))
    world.deadline = world.now + timedelta(seconds=5)

    world.settle()

    assert world.finished[-1].cause == "it was not up within the time given"


def test_a_first_release_that_fails_leaves_nothing_behind():
    world = World(pending=target("R1"))
    world.exits.add("web-R1")

    world.settle()

    assert not world.processes
    assert world.active is None
    assert world.routes == ()
    assert world.reason.startswith("release R1 failed: web keeps exiting")


def test_a_cancelled_promote_removes_what_it_started():
    world = running()
    world.never_up.add("web-R2")
    world.pending = target("R2")
    for step in world.plan():
        world.apply(step)
    assert world.of("web-R2")

    world.pending = None
    world.settle()

    assert [p.spec for p in world.processes.values()] == ["web-R1"]
    assert world.upstreams() == ("10.0.0.1:3000",)


def test_a_newer_promote_replaces_the_one_under_way():
    world = running()
    world.never_up.add("web-R2")
    world.pending = target("R2")
    for step in world.plan():
        world.apply(step)

    world.pending = target("R3")
    world.settle()

    assert [p.spec for p in world.processes.values()] == ["web-R3"]
    assert world.active.release == "R3"


def test_a_singleton_ends_before_its_successor_starts():
    alone = {"stop_first": True, "minimum": 0, "maximum": 100}
    world = running("R1", service("R1", **alone))
    world.pending = target("R2", service("R2", **alone))
    seen = []

    while (steps := world.plan().steps) and len(seen) < 50:
        for step in steps:
            world.apply(step)
        alive = [p for p in world.processes.values() if p.state is not State.EXITED]
        seen.append(len(alive))
        world.live()

    assert max(seen) == 1
    assert [p.spec for p in world.processes.values()] == ["web-R2"]
    assert "DrainProcess" not in kinds(world.applied)


def test_a_singleton_whose_successor_fails_comes_back():
    alone = {"stop_first": True, "minimum": 0, "maximum": 100}
    world = running("R1", service("R1", **alone))
    world.exits.add("web-R2")
    world.pending = target("R2", service("R2", **alone))

    world.settle()

    assert [p.spec for p in world.processes.values()] == ["web-R1"]
    assert len(world.upstreams()) == 1


@pytest.mark.parametrize(
    ("minimum", "maximum", "most", "least"),
    [(50, 200, 8, 4), (50, 100, 4, 2), (75, 125, 5, 3), (100, 125, 5, 4), (100, 100, 5, 4)],
)
def test_a_roll_keeps_within_its_bounds(minimum, maximum, most, least):
    bounds = {"count": 4, "minimum": minimum, "maximum": maximum}
    world = running("R1", service("R1", **bounds))
    world.pending = target("R2", service("R2", **bounds))
    counts, routed = [], []

    while (steps := world.plan().steps) and len(counts) < 2000:
        for step in steps:
            world.apply(step)
            counts.append(len([p for p in world.processes.values() if p.leaving is None]))
            routed.append(len(world.upstreams()))
        if all("Await" in kind for kind in kinds(steps)):
            world.now += timedelta(seconds=1)
        world.live()

    assert max(counts) == most
    assert min(routed) >= least
    assert len(world.of("web-R2")) == 4
    assert not world.of("web-R1")


def test_one_process_that_may_not_have_a_second_beside_it_still_gets_replaced():
    bounds = {"minimum": 50, "maximum": 150}
    world = running("R1", service("R1", **bounds))
    world.pending = target("R2", service("R2", **bounds))

    world.settle()

    assert world.active.release == "R2"


def test_more_processes_are_started_and_fewer_drain():
    world = running()
    world.active = target("R1", service("R1", count=3))
    world.settle()
    assert len(world.upstreams()) == 3

    world.active = target("R1", service("R1", count=1))
    world.settle()

    assert world.upstreams() == ("10.0.0.1:3000",)
    assert len(world.processes) == 1


def test_a_service_scaled_to_nothing_keeps_its_host_without_processes():
    world = running()
    world.active = target("R1", service("R1", count=0))

    world.settle()

    assert not world.processes
    assert [route.upstreams for route in world.routes] == [()]


def test_a_restart_replaces_the_processes_without_a_gap():
    world = running("R1", service("R1", count=2))
    world.active = target("R1", service("R1", count=2, spec="web-R1-again"))

    while steps := world.plan().steps:
        for step in steps:
            world.apply(step)
            assert len(world.upstreams()) >= 2
        if all("Await" in kind for kind in kinds(steps)):
            world.now += timedelta(seconds=10)
        world.live()

    assert {p.spec for p in world.processes.values()} == {"web-R1-again"}


def test_a_restart_that_never_gets_up_leaves_the_old_processes_serving():
    world = running()
    world.exits.add("web-R1-again")
    world.active = target("R1", service("R1", spec="web-R1-again"))

    for _ in range(60):
        for step in world.plan():
            world.apply(step)
        world.now += timedelta(seconds=5)
        world.live()

    assert world.upstreams() == ("10.0.0.1:3000",)
    assert len(world.processes) == 2
    assert world.reason == "service web keeps exiting, with status 3"


def test_a_process_that_ended_is_started_again_after_its_backoff():
    world = running()
    id = next(iter(world.processes))
    world.change(id, state=State.EXITED, exits=1, since=world.now)

    assert kinds(world.plan()) == ["SwitchRoutes", "AwaitTime"]
    world.now += timedelta(seconds=0.2)
    assert RestartProcess(id, "web", "web-R1") in world.plan().steps
    world.settle()
    assert world.upstreams() == ("10.0.0.1:3000",)


def test_a_removed_process_is_made_anew():
    world = running()
    world.processes.clear()

    world.settle()

    assert len(world.of("web-R1")) == 1
    assert world.upstreams() == ("10.0.0.2:3000",)


def test_a_failing_process_leaves_the_route_at_once_and_is_replaced():
    world = running("R1", service("R1", count=2))
    first = next(iter(world.processes))
    world.change(first, state=State.FAILING)

    steps = world.plan().steps
    assert "StartProcess" in kinds(steps)
    switch = next(s for s in steps if isinstance(s, SwitchRoutes))
    assert switch.routes[0].upstreams == ("10.0.0.2:3000",)
    assert any(isinstance(s, ReportTrouble) for s in steps)

    world.settle()
    assert first not in world.processes
    assert len(world.upstreams()) == 2
    assert world.reason == ""


def test_a_failing_process_stays_in_the_route_while_no_other_is_up():
    world = running()
    world.change(next(iter(world.processes)), state=State.FAILING)

    assert not [s for s in world.plan() if isinstance(s, SwitchRoutes)]


def test_processes_that_never_get_up_again_do_not_pile_up():
    world = running("R1", service("R1", count=2))
    world.never_up.add("web-R1")
    for id in list(world.processes):
        world.change(id, state=State.FAILING)

    for _ in range(300):
        for step in world.plan():
            world.apply(step)
        world.now += timedelta(seconds=5)
        world.live()
        assert len([p for p in world.processes.values() if p.leaving is None]) <= 4

    assert world.reason.startswith("service web")


def test_a_process_without_an_address_is_replaced_in_a_new_network():
    world = running()
    old = next(iter(world.processes))
    world.network = world.joined = False
    world.change(old, state=State.LOST, address="")

    world.settle()

    assert old not in world.processes
    assert len(world.upstreams()) == 1
    assert {CreateNetwork, JoinRouter} <= {type(s) for s in world.applied}


def test_after_a_restart_of_the_rack_the_routes_stay_until_all_have_been_asked():
    world = running()
    world.forget()

    assert kinds(world.plan()) == ["AwaitHealth"]
    world.live()
    assert kinds(world.plan()) == ["SwitchRoutes"]
    world.settle()
    assert len(world.processes) == 1


def test_processes_of_a_promoted_release_survive_a_kill_before_it_was_recorded():
    world = running()
    world.pending = target("R2")
    for _ in range(2):
        for step in world.plan():
            if isinstance(step, FinishPromote):
                break
            world.apply(step)
        world.live()
    world.forget()

    world.settle()

    assert [p.spec for p in world.processes.values()] == ["web-R2"]
    assert world.active.release == "R2"
    assert len([s for s in world.applied if isinstance(s, StartProcess)]) == 1


def test_a_process_left_half_started_is_started():
    world = running()
    world.processes.clear()
    id = world.add(service("R1"), State.CREATED, served=False)

    assert RestartProcess(id, "web", "web-R1") in world.plan().steps


def test_the_same_release_again_is_promoted_without_touching_its_processes():
    world = running()
    world.pending = target("R1")
    before = dict(world.processes)

    world.settle()

    assert world.processes == before
    assert world.finished[-1] == FinishPromote("R1", promoted=True)


def test_a_service_that_the_new_release_does_not_have_goes_away():
    world = running("R1", service("R1"), service("R1", "worker", port=0, hosts=()))
    world.pending = target("R2")

    world.settle()

    assert {p.service for p in world.processes.values()} == {"web"}


def test_an_app_without_release_keeps_no_process():
    world = World()
    world.settle()
    id = world.add(service("R9"))

    assert DrainProcess(id, "web", 30) in world.plan().steps
    world.settle()
    assert not world.processes


def test_names_for_links_are_joined_once_for_all_services():
    linked = service("R1", "web", links=("api.app.rack.convox",))
    world = World(pending=Target("R1", (linked, service("R1", "api"))))

    join = next(s for s in world.plan() if isinstance(s, JoinRouter))

    assert join.aliases == ("api.app.rack.convox",)


def test_a_stopped_process_is_only_removed_once_it_has_ended():
    world = running()
    world.ignores_term.add("web-R1")
    world.active = target("R1", service("R1", count=0, drain_s=0))
    id = next(iter(world.processes))
    world.change(id, drain_s=0)

    for step in world.plan():
        world.apply(step)

    assert world.processes[id].leaving.phase is Phase.STOPPING
    assert not [s for s in world.plan() if isinstance(s, RemoveProcess | StopProcess)]
    world.now += timedelta(seconds=10)
    assert RemoveProcess(id, "web") in world.plan().steps


def test_the_port_of_each_process_is_its_own_release_s():
    bounds = {"count": 2, "minimum": 50, "maximum": 100}
    world = running("R1", service("R1", **bounds))
    world.pending = target("R2", service("R2", port=4000, **bounds))
    seen = set(world.upstreams())

    while steps := world.plan().steps:
        for step in steps:
            world.apply(step)
        seen |= set(world.upstreams())
        if all("Await" in kind for kind in kinds(steps)):
            world.now += timedelta(seconds=10)
        world.live()

    assert seen == {"10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.3:4000", "10.0.0.4:4000"}


def test_plans_read_as_sentences():
    world = World(pending=target("R1"))

    assert world.plan().lines()[:3] == (
        "create network net",
        "join the router to net",
        "start a process of web, release R1",
    )
    assert replace(world.plan(), steps=()).lines() == ()
