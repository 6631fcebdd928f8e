"""An app goes away with all it owns, however often it is cut short."""

import pytest

from convox.core.errors import UnavailableError
from convox.providers.local.deletion import remove_orphans


def delete(core, name: str = "app") -> None:
    core.store.apps.mark_deleting(name)
    worker = core.worker(name)
    for _ in range(100):
        pause = worker.advance()
        if pause is None:
            return
        core.clock.advance(pause)
    raise AssertionError("it never ends")


def test_nothing_is_left(core):
    core.deployed("services:\n  web:\n    port: 3000\n    volumes: [/data]\n")

    delete(core)

    assert core.store.apps.find("app") is None
    assert core.engine.containers({}) == []
    assert core.engine.networks({}) == []
    assert core.engine.volumes({}) == []
    assert core.router.routes["app"] == ()
    assert core.router.networks == {}
    assert core.holder.forgotten == ["app"]
    assert core.logs.forgotten == ["app"]


def test_other_apps_are_left_alone(core):
    core.deployed(app="one")
    core.deployed(app="two")

    delete(core, "one")

    assert [row.name for row in core.store.apps.all()] == ["two"]
    assert len(core.containers("two")) == 1
    assert [network.name for network in core.engine.networks({})] == ["convox.rack.two"]


def test_the_routes_go_before_the_processes_are_asked_to_end(core):
    core.deployed()
    core.store.apps.mark_deleting("app")
    seen = []
    core.router.withdraw = lambda app: seen.append(core.containers()[0].status)

    core.worker().advance()

    assert seen == ["running"]


def test_a_process_that_does_not_end_is_removed_after_its_grace(core):
    core.deployed()
    core.engine.kill = lambda id, signal="KILL": None
    began = core.engine.now

    delete(core)

    assert core.engine.containers({}) == []
    assert 10 <= (core.engine.now - began).total_seconds() < 12


def test_a_deletion_that_was_cut_short_goes_on(core):
    core.deployed()
    core.store.apps.mark_deleting("app")
    worker = core.worker()
    worker.advance()
    core.engine.down = True
    with pytest.raises(UnavailableError):
        worker.advance()
    core.engine.down = False

    delete(core)

    assert core.store.apps.find("app") is None
    assert core.engine.containers({}) == []


def test_processes_and_networks_of_no_app_are_removed(core):
    core.deployed(app="one")
    core.deployed(app="two")
    core.store.apps.delete("one")

    remove_orphans(core.parts)

    assert core.containers("one") == []
    assert len(core.containers("two")) == 1
    assert [network.name for network in core.engine.networks({})] == ["convox.rack.two"]


def test_the_router_s_own_network_is_no_orphan(core):
    core.engine.network_create("convox.rack._router", "", core.layout.labels("network"))

    remove_orphans(core.parts)

    assert len(core.engine.networks({})) == 1
