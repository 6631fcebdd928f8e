"""A worker over a fake engine: promotes, failures, healing, what it tells, what it remembers."""

from datetime import timedelta
from threading import Event

import pytest

from convox.api.types import ServiceUpdateOptions
from convox.core.errors import FailedError, UnavailableError
from convox.providers.local.layout import LABEL_DRAIN, LABEL_RELEASE, LABEL_SIGNAL
from convox.providers.local.observed import Verdict
from convox.providers.local.worker import Worker

NEVER = Verdict(probed=True, note="GET / on port 3000 answered 503")


def test_a_promote_starts_routes_and_records(core):
    core.app()
    worker = core.worker()
    release = core.release()
    core.promote(release)

    core.settle(worker)

    (container,) = core.containers()
    assert core.row().release == release.id
    assert core.row().pending == ""
    assert core.store.releases.find("app", release.id).status == "active"
    (route,) = core.router.routes["app"]
    address = container.addresses["convox.rack.app"]
    assert route.upstreams == (f"{address}:3000",)
    assert route.hosts == ("app-web.rack.localhost", "web.app.rack.convox")
    assert route.sources == ("10.77.0.0/26",)
    assert core.logs.of("app") == [
        f"promoting {release.id}",
        "web: starting 1 process",
        "web: healthy after 0.0 s",
        f"promoted {release.id}",
    ]
    assert core.logs.collected == [container.id]


def test_the_container_is_what_the_release_says(core):
    core.deployed(
        "environment: [A=1]\nservices:\n  web:\n    port: 3000\n    command: run it\n"
        "    drain: 7\n    termination: {grace: 3}\n    scale: {cpu: 128, memory: 64}\n"
        "    volumes: [/data]\n"
    )

    (container,) = core.containers()
    spec = core.engine.inside[container.id].spec
    assert spec.command == ("sh", "-c", "run it")
    assert (spec.memory_mib, spec.cpu_units, spec.stop_grace_s) == (64, 128, 3)
    assert spec.env["A"] == "1"
    assert spec.env["RELEASE"] == core.row().release
    assert spec.cap_drop == ("ALL",)
    assert "NET_RAW" not in spec.cap_add
    assert spec.network == "convox.rack.app"
    assert container.labels[LABEL_DRAIN] == "7"
    (volume,) = core.engine.volumes({})
    assert spec.mounts[0].source == volume.name
    assert volume.labels == core.layout.labels("volume", "app")


def test_the_signal_of_the_image_ends_its_processes(core):
    core.app()
    worker = core.worker()
    release = core.release()
    core.engine.add_image(core.layout.image("app", "web", release.build), stop_signal="SIGQUIT")
    core.promote(release)

    core.settle(worker)

    assert core.containers()[0].labels[LABEL_SIGNAL] == "SIGQUIT"


def test_the_old_process_drains_and_is_removed_after_its_output_is_kept(core):
    worker = core.deployed()
    old = core.containers()[0].id
    core.promote(core.release())

    core.settle(worker)

    (new,) = core.containers()
    assert new.id != old
    assert old in core.logs.settled
    assert new.labels[LABEL_RELEASE] == core.row().release
    assert core.store.releases.latest("app", 2)[1].status == ""


def test_a_process_that_drains_is_leaving(core):
    worker = core.deployed()
    old = core.containers()[0].id
    assert not worker.is_leaving(old)
    core.promote(core.release())

    seen = False
    for _ in range(20):
        pause = worker.advance()
        seen = seen or worker.is_leaving(old)
        core.clock.advance(min(pause, 1))

    assert seen


def test_a_release_that_was_refused_for_its_health_is_not_called_healthy_afterwards(core):
    worker = core.deployed()
    core.prober.default = NEVER
    release = core.release()
    core.promote(release)

    for _ in range(200):
        core.clock.advance(min(worker.advance(), 1))

    assert core.row().pending == ""
    lines = core.logs.of("app")
    refused = next(n for n, line in enumerate(lines) if f"{release.id} was not promoted" in line)
    assert [line for line in lines[refused:] if "healthy after" in line] == []


def test_a_release_that_keeps_exiting_fails_with_the_last_lines(core):
    worker = core.deployed()
    first = core.row().release
    core.prober.default = NEVER
    release = core.release()
    core.promote(release)

    for _ in range(20):
        pause = worker.advance()
        for container in core.containers():
            is_new = container.labels[LABEL_RELEASE] == release.id
            if is_new and container.status == "running":
                core.engine.write(container.id, "no config")
                core.engine.finish(container.id, 3)
        core.clock.advance(min(pause, 1))
    core.prober.default = Verdict(probed=True, up=True)
    core.settle(worker)

    row = core.row()
    assert (row.release, row.pending) == (first, "")
    assert row.reason.startswith(
        f"release {release.id} failed: web keeps exiting, with status 3\nno config"
    )
    failed = core.store.releases.find("app", release.id)
    assert failed.status == "failed"
    assert failed.reason.startswith("web keeps exiting, with status 3\n")
    assert f"{release.id} was not promoted: web keeps exiting, with status 3" in core.logs.of("app")
    assert [c.labels[LABEL_RELEASE] for c in core.containers()] == [first]


def test_a_release_that_ran_out_of_memory_fails_with_its_limit(core):
    core.app()
    worker = core.worker()
    core.prober.default = NEVER
    core.promote(
        core.release(manifest="services:\n  web:\n    port: 3000\n    scale: {memory: 32}\n")
    )

    for _ in range(20):
        pause = worker.advance()
        for container in core.containers():
            if container.status == "running":
                core.engine.finish(container.id, 137, oom=True)
        core.clock.advance(min(pause, 1))

    assert "ran out of memory" in core.row().reason
    assert "32 MB" in core.row().reason


def test_a_release_that_cannot_be_started_fails_at_once_and_leaves_no_container(core):
    core.app()
    worker = core.worker()
    core.engine.failures["start"] = FailedError("cannot start container 1", why="no such file: run")
    release = core.release()
    core.promote(release)

    core.settle(worker)

    assert core.row().reason == (
        f"release {release.id} failed: web could not be started: no such file: run"
    )
    assert core.containers() == []


def test_the_same_release_can_be_promoted_again_after_it_failed_to_start(core):
    core.app()
    worker = core.worker()
    release = core.release()
    core.engine.failures["start"] = FailedError("cannot start", why="no such file")
    core.promote(release)
    core.settle(worker)
    del core.engine.failures["start"]

    core.promote(release)
    core.settle(worker)

    assert core.row().release == release.id
    assert core.row().reason == ""


def test_an_image_that_is_gone_fails_the_promote(core):
    core.app()
    worker = core.worker()
    release = core.release()
    core.engine.image_remove(core.layout.image("app", "web", release.build))
    core.promote(release)

    core.settle(worker)

    assert f"the image of build {release.build} is gone" in core.row().reason


def test_routes_that_the_router_refuses_fail_the_promote(core):
    worker = core.deployed()
    first = core.row().release
    release = core.release()
    core.promote(release)
    core.router.error = FailedError("the router refused a route", why="bad host")

    worker.advance()
    worker.advance()
    core.router.error = None
    core.settle(worker)

    assert core.row().release == first
    assert core.row().reason.endswith("the router refused a route: bad host")


def test_an_engine_that_does_not_answer_ends_the_pass_and_fails_nothing(core):
    worker = core.deployed()
    release = core.release()
    core.promote(release)
    core.engine.down = True

    with pytest.raises(UnavailableError):
        worker.advance()
    assert core.row().pending == release.id
    core.engine.down = False
    core.settle(worker)

    assert core.row().release == release.id


def test_a_router_that_does_not_run_is_waited_for(core):
    core.app()
    worker = core.worker()
    core.router.container_id = ""

    with pytest.raises(UnavailableError, match="the router does not run"):
        worker.advance()

    core.router.container_id = "router2"
    core.settle(worker)
    assert core.router.networks == {"convox.rack.app": ()}


def test_a_router_that_was_made_anew_is_joined_again(core):
    worker = core.deployed()
    core.router.networks.clear()
    core.router.container_id = "router2"

    core.settle(worker)

    assert "convox.rack.app" in core.router.networks


def test_a_process_that_exits_is_started_again_and_its_exits_are_counted(core):
    worker = core.deployed()
    (container,) = core.containers()

    core.engine.finish(container.id, 1)
    assert worker.advance() == 0.0
    assert worker.exits(container.id) == 1
    core.settle(worker, 30)

    assert core.containers()[0].status == "running"
    core.clock.advance(61)
    worker.advance()
    assert worker.exits(container.id) == 0


def test_a_crash_loop_is_told_in_the_app_and_taken_back_when_it_ends(core):
    worker = core.deployed()
    (container,) = core.containers()
    for _ in range(3):
        core.engine.finish(container.id, 9)
        for _ in range(4):
            core.clock.advance(min(worker.advance() or 0.1, 5))

    assert core.row().reason.startswith("service web keeps exiting, with status 9")
    core.clock.advance(61)
    core.settle(worker)

    assert core.row().reason == ""
    assert core.logs.of("app")[-1] == "all services are up"


def test_more_processes_are_told_with_their_number(core):
    worker = core.deployed()
    core.services.service_update("app", "web", ServiceUpdateOptions(count=3))

    core.settle(worker)

    assert "web: starting 2 processes" in core.logs.of("app")
    assert len(core.router.routes["app"][0].upstreams) == 3


def test_a_restart_right_after_a_deploy_never_leaves_the_route_empty(core):
    worker = core.deployed()
    core.services.service_restart("app", "web")
    published = len(core.router.published)

    core.settle(worker)

    later = [routes for _, routes in core.router.published[published:]]
    assert len(later) == 1
    assert all(route.upstreams for routes in later for route in routes)


def test_a_service_without_port_waits_two_seconds(core):
    core.app()
    worker = core.worker()
    release = core.release(manifest="services:\n  job:\n    command: sleep 9\n")
    core.promote(release)
    began = core.engine.now

    core.settle(worker)

    assert core.row().release == release.id
    assert core.engine.now - began >= timedelta(seconds=2)
    assert core.prober.watched == {}
    assert "job: healthy after 2." in core.logs.of("app")[2]


def test_a_healthcheck_decides_for_a_service_without_port(core):
    core.app()
    worker = core.worker()
    release = core.release(manifest="services:\n  job:\n    command: sleep 9\n")
    core.engine.add_image(core.layout.image("app", "job", release.build), healthcheck=True)
    core.promote(release)
    for _ in range(5):
        core.clock.advance(min(worker.advance(), 5))
    assert core.row().pending == release.id

    core.engine.set_health(core.containers()[0].id, "healthy")
    core.settle(worker)

    assert core.row().release == release.id


def test_a_new_worker_takes_over_without_touching_a_process(core):
    core.deployed()
    before = core.containers()
    published = len(core.router.published)
    calls = len(core.engine.calls)

    core.settle(core.worker())

    assert core.containers() == before
    assert len(core.router.published) == published + 1
    made = {name for name, _ in core.engine.calls[calls:]}
    assert not made & {"create", "start", "kill", "remove"}


def test_a_new_worker_leaves_the_routes_until_it_knows(core):
    core.deployed()
    published = len(core.router.published)
    core.prober.default = Verdict()
    worker = core.worker()

    for _ in range(3):
        worker.advance()

    assert len(core.router.published) == published


def test_a_worker_of_an_app_that_is_gone_has_nothing_to_do(core):
    assert core.worker("nothing").advance() is None


def test_a_worker_looks_again_after_two_minutes_at_the_latest(core):
    worker = core.deployed()

    assert worker.advance() == 120


def test_a_worker_on_its_thread_ends_when_its_app_is_gone(core):
    core.deployed()
    ended = Event()
    worker = Worker("app", core.parts, core.deletion, lambda name: ended.set())
    core.apps.app_delete("app")

    worker.start()

    assert ended.wait(10)
    worker.join(10)
    assert core.store.apps.find("app") is None


def test_a_worker_stops_when_it_is_told(core):
    core.deployed()
    worker = core.worker()
    worker.start()
    worker.wake()
    worker.rejoin()

    worker.stop()
    worker.join(10)

    assert core.store.apps.find("app") is not None


def test_a_worker_survives_whatever_a_pass_raises(core):
    core.deployed()
    core.engine.failures["containers"] = RuntimeError("surprise")  # type: ignore[assignment]
    worker = core.worker()
    worker.start()
    core.engine.failures.clear()
    core.services.service_update("app", "web", ServiceUpdateOptions(count=2))
    worker.wake()
    for _ in range(200):
        if len(core.containers()) == 2:
            break
        Event().wait(0.02)

    worker.stop()
    worker.join(10)
    assert len(core.containers()) == 2
