"""Threads: every app has a worker, events wake it, the router is kept running."""

import threading
import time

import pytest

from convox.core.clock import SystemClock
from convox.core.errors import UnavailableError
from convox.providers.local.reconciler import Reconciler
from convox.providers.local.runner import Parts


@pytest.fixture
def reconciler(core):
    core.engine.now = SystemClock().now()
    core.parts = Parts(
        **{**core.parts.__dict__, "clock": SystemClock()},
    )
    reconciler = Reconciler(core.parts, core.deletion)
    yield reconciler
    reconciler.stop()


def until(condition, limit_s: float = 10.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def test_every_app_is_looked_at_when_it_starts(core, reconciler):
    for name in ("one", "two"):
        core.app(name)
        core.promote(core.release(name))

    reconciler.start()

    until(lambda: all(core.row(name).release for name in ("one", "two")))
    assert core.prober.running


def test_a_wake_up_brings_a_new_wish_about(core, reconciler):
    core.app()
    reconciler.start()
    release = core.release()
    core.promote(release)

    reconciler.wake("app")

    until(lambda: core.row().release == release.id)


def test_a_container_that_is_removed_is_heard_of(core, reconciler):
    core.deployed()
    reconciler.start()
    until(lambda: ("events", "") in core.engine.calls)
    time.sleep(0.1)
    (container,) = core.containers()

    core.engine.remove(container.id)

    until(lambda: core.containers() and core.containers()[0].id != container.id)


def test_one_app_that_waits_delays_no_other(core, reconciler):
    for name in ("slow", "quick"):
        core.app(name)
    held = threading.Event()
    publish = core.router.publish
    core.router.publish = lambda app, routes: (
        held.wait(10) if app == "slow" else publish(app, routes)
    )
    reconciler.start()
    core.promote(core.release("slow"))
    core.promote(core.release("quick"))
    reconciler.wake("slow")
    reconciler.wake("quick")

    until(lambda: core.row("quick").release != "")

    assert core.row("slow").release == ""
    held.set()


def test_an_engine_that_comes_back_has_every_app_looked_at(core, reconciler):
    core.deployed()
    reconciler.start()
    until(lambda: ("events", "") in core.engine.calls)
    core.engine.down = True
    time.sleep(0.2)
    core.engine._containers.clear()
    core.engine.down = False

    until(lambda: len(core.containers()) == 1)


def test_the_router_is_made_to_run_until_it_does(core, reconciler):
    core.router.error = UnavailableError("the router does not answer")
    reconciler.start()
    time.sleep(0.1)
    assert not core.router.ensured.is_set()

    core.router.error = None

    assert core.router.ensured.wait(10)


def test_a_deleted_app_has_no_worker_any_more(core, reconciler):
    core.deployed()
    reconciler.start()
    core.store.apps.mark_deleting("app")

    reconciler.wake("app")

    until(lambda: core.store.apps.find("app") is None)
    until(lambda: not [t for t in threading.enumerate() if t.name == "app app"])


def test_a_process_is_crashing_once_it_ended_twice_in_a_row(core, reconciler):
    core.deployed()
    reconciler.start()
    (container,) = core.containers()
    assert reconciler.condition("app", container.id) == ""
    assert reconciler.condition("nothing", container.id) == ""

    def crash() -> bool:
        if core.containers()[0].status == "running":
            core.engine.finish(container.id, 1)
        return reconciler.condition("app", container.id) == "crashing"

    until(crash)


def test_nothing_wakes_after_the_end(core, reconciler):
    core.app()
    reconciler.start()
    reconciler.stop()

    reconciler.wake("app")

    assert not [t for t in threading.enumerate() if t.name in ("app app", "events", "router")]
    assert not core.prober.running
