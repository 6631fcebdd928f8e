"""Whatever fails on the way, applying plans ends in what was wished, and then there is no plan."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convox.providers.local.desired import Target
from convox.providers.local.observed import State
from convox.providers.local.steps import AwaitHealth, AwaitTime
from tests.fakes.core_world import World, service

SHAPES = st.fixed_dictionaries(
    {
        "count": st.integers(0, 4),
        "minimum": st.sampled_from([0, 25, 50, 75, 100]),
        "maximum": st.sampled_from([50, 100, 125, 150, 200]),
        "stop_first": st.booleans(),
        "port": st.sampled_from([0, 3000]),
    }
)
FATES = st.sampled_from(["well", "well", "cannot_start", "never_up", "exits"])
MISHAPS = st.sampled_from(
    ["kill rack", "exit", "remove", "fail", "lose network", "cut plan", "time", "cancel", "none"]
)


def make(release: str, shapes: dict[str, dict]) -> Target:
    services = []
    for name, shape in shapes.items():
        reached = shape["port"] > 0
        hosts = (f"app-{name}.rack.localhost",) if reached else ()
        drain = 30 if reached else 0
        services.append(service(release, name, **shape, hosts=hosts, drain_s=drain))
    return Target(release, tuple(services))


def mishap(world: World, kind: str, pick: int) -> None:
    ids = sorted(world.processes)
    id = ids[pick % len(ids)] if ids else ""
    alive = id and world.processes[id].state not in (State.EXITED, State.CREATED)
    if kind == "kill rack":
        world.forget()
    elif kind == "time":
        world.now += timedelta(seconds=pick)
    elif kind == "cancel":
        world.pending = None
    elif kind == "exit" and alive:
        exits = world.processes[id].exits + 1
        world.change(id, state=State.EXITED, exits=exits, since=world.now, exit_code=137)
    elif kind == "remove" and id:
        del world.processes[id]
    elif kind == "fail" and alive and world.processes[id].state is State.UP:
        world.change(id, state=State.FAILING)
    elif kind == "lose network":
        world.network = world.joined = False
        for each in ids:
            if world.processes[each].state not in (State.EXITED, State.CREATED):
                world.change(each, state=State.LOST, address="")


def one_pass(world: World, kind: str, pick: int) -> None:
    steps = world.plan().steps
    done = steps[: pick % (len(steps) + 1)] if kind == "cut plan" else steps
    for step in done:
        world.apply(step)
    if steps and all(isinstance(step, AwaitHealth | AwaitTime) for step in steps):
        world.now += timedelta(seconds=1)
    world.live()


def whole(world: World, release: Target | None) -> bool:
    wanted = {s.spec: s.count for s in release.services if s.count} if release else {}
    specs: dict[str, int] = {}
    for process in world.processes.values():
        if process.state is not State.UP or process.leaving is not None:
            return False
        specs[process.spec] = specs.get(process.spec, 0) + 1
    return specs == wanted


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    first=st.dictionaries(st.sampled_from(["web", "api"]), SHAPES, min_size=1),
    second=st.dictionaries(st.sampled_from(["web", "worker"]), SHAPES, min_size=1),
    fate=FATES,
    mishaps=st.lists(st.tuples(MISHAPS, st.integers(0, 40)), max_size=25),
)
def test_whatever_fails_on_the_way_the_end_is_what_was_wished(first, second, fate, mishaps):
    old, new = make("R1", first), make("R2", second)
    world = World(pending=old)
    world.settle()
    if fate != "well":
        getattr(world, fate).add(new.services[0].spec)
    world.pending = new

    for kind, pick in mishaps:
        mishap(world, kind, pick)
        one_pass(world, kind, pick)
    world.settle(2000)

    assert world.pending is None
    assert world.active in (old, new)
    if fate != "well" and new.services[0].count:
        assert world.active == old
    assert whole(world, world.active)
    assert not world.plan()
    for route in world.routes:
        name = route.owner.partition("/")[2]
        specs = {p.address for p in world.processes.values() if p.service == name}
        assert {upstream.split(":")[0] for upstream in route.upstreams} == specs


@settings(max_examples=100, deadline=None)
@given(
    first=st.dictionaries(st.sampled_from(["web", "api"]), SHAPES, min_size=1),
    second=st.dictionaries(st.sampled_from(["web", "api"]), SHAPES, min_size=1),
    fate=FATES,
)
def test_a_promote_never_leaves_a_service_with_fewer_processes_than_its_minimum(
    first, second, fate
):
    world = World(pending=make("R1", first))
    world.settle()
    new = make("R2", second)
    if fate != "well":
        getattr(world, fate).add(new.services[0].spec)
    world.pending = new

    for _ in range(3000):
        steps = world.plan().steps
        if not steps:
            break
        for step in steps:
            world.apply(step)
            if world.pending is not None:
                _check_minimum(world, new)
        if all(isinstance(step, AwaitHealth | AwaitTime) for step in steps):
            world.now += timedelta(seconds=1)
        world.live()

    assert world.pending is None


def _check_minimum(world: World, new: Target) -> None:
    assert world.active is not None
    for old in world.active.services:
        coming = new.find(old.name)
        if coming is None or not old.port or not coming.port:
            continue
        wanted = min(old.count, -(-coming.count * coming.minimum // 100))
        assert len(world.upstreams(old.name)) >= wanted


@given(shapes=st.dictionaries(st.sampled_from(["web", "api"]), SHAPES, min_size=1))
@settings(max_examples=50, deadline=None)
def test_an_app_that_is_as_it_shall_be_has_no_plan(shapes):
    world = World(pending=make("R1", shapes))
    world.settle()

    assert not world.plan()
    world.settle()
    assert world.active.release == "R1"
