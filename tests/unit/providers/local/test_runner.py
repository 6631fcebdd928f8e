"""Single steps against a fake engine, done once, done twice, refused."""

import pytest

from convox.core.errors import ConflictError, FailedError, UnavailableError
from convox.providers.local.memory import Memory
from convox.providers.local.observed import Phase
from convox.providers.local.runner import Runner
from convox.providers.local.steps import (
    AwaitTime,
    CreateNetwork,
    DrainProcess,
    JoinRouter,
    RemoveProcess,
    RestartProcess,
    StartProcess,
    StopProcess,
)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def runner(core, memory) -> Runner:
    core.app()
    runner = Runner("app", core.parts, memory)
    runner.run(CreateNetwork("convox.rack.app"))
    return runner


def start(core, runner: Runner) -> str:
    release = core.release()
    (service,) = core.wishes.target("app", release.id).services
    runner.run(StartProcess(service))
    found = core.containers()
    return found[-1].id if found else ""


def test_a_started_process_runs_and_is_awaited(core, runner, memory):
    id = start(core, runner)

    assert core.engine.inspect(id).status == "running"
    assert memory.rising == {id}


def test_every_process_gets_a_name_of_its_own(core, runner):
    release = core.release()
    (service,) = core.wishes.target("app", release.id).services
    for _ in range(2):
        runner.run(StartProcess(service))

    names = {container.name for container in core.containers()}
    assert len(names) == 2
    assert all(name.startswith("convox.rack.app.web.") for name in names)


def test_each_refused_start_counts_until_one_succeeds(core, runner, memory):
    core.engine.failures["create"] = ConflictError("cannot create", why="the name is in use")
    release = core.release()
    (service,) = core.wishes.target("app", release.id).services
    for _ in range(2):
        runner.run(StartProcess(service))

    assert memory.faults[("web", service.spec)].count == 2
    assert memory.faults[("web", service.spec)].message == "the name is in use"
    core.engine.failures.clear()
    runner.run(StartProcess(service))
    assert memory.faults == {}


def test_a_process_that_cannot_be_started_again_is_removed(core, runner, memory):
    id = start(core, runner)
    core.engine.finish(id, 1)
    core.engine.failures["start"] = FailedError("cannot start", why="network gone")

    runner.run(RestartProcess(id, "web", "spec"))

    assert core.containers() == []
    assert memory.faults[("web", "spec")].message == "network gone"


def test_an_engine_that_does_not_answer_is_no_fault_of_the_process(core, runner, memory):
    release = core.release()
    (service,) = core.wishes.target("app", release.id).services
    core.engine.down = True

    with pytest.raises(UnavailableError):
        runner.run(StartProcess(service))
    assert memory.faults == {}


def test_a_draining_process_is_not_asked_for_its_health_any_more(core, runner, memory):
    id = start(core, runner)
    core.prober.watched[id] = None

    runner.run(DrainProcess(id, "web", 30))

    assert core.prober.watched == {}
    assert memory.leaving[id].phase is Phase.DRAINING
    assert (memory.leaving[id].until - core.engine.now).total_seconds() == 30
    assert core.engine.inspect(id).status == "running"


def test_a_stop_sends_the_signal_and_does_not_wait(core, runner, memory):
    id = start(core, runner)

    runner.run(StopProcess(id, "web", "SIGQUIT", 10))

    assert ("kill", id) in core.engine.calls
    assert memory.leaving[id].phase is Phase.STOPPING


def test_stopping_and_removing_what_is_gone_is_fine(core, runner):
    runner.run(StopProcess("gone", "web", "SIGTERM", 10))


def test_a_removed_process_has_its_output_kept_first(core, runner):
    id = start(core, runner)

    runner.run(RemoveProcess(id, "web"))

    assert core.logs.settled == [id]
    assert core.containers() == []


def test_the_router_joins_under_the_names_of_links(core, runner, memory):
    runner.run(JoinRouter("convox.rack.app", ("api.app.rack.convox",)))

    assert core.router.networks["convox.rack.app"] == ("api.app.rack.convox",)
    assert memory.joined == ("router1", ("api.app.rack.convox",))


def test_waiting_is_nothing_to_do(core, runner):
    before = len(core.engine.calls)

    runner.run(AwaitTime("start again", core.engine.now))

    assert len(core.engine.calls) == before


def test_a_privileged_service_keeps_every_capability(core, runner):
    release = core.release(manifest="services:\n  web:\n    privileged: true\n")
    (service,) = core.wishes.target("app", release.id).services

    runner.run(StartProcess(service))

    spec = core.engine.inside[core.containers()[0].id].spec
    assert (spec.privileged, spec.cap_drop, spec.cap_add) == (True, (), ())
