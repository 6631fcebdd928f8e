"""Apps, their wishes, and the scale of their services."""

import pytest

from convox.api.types import Build, Release
from convox.providers.local.store.apps import ServiceRow


@pytest.fixture
def apps(store):
    store.apps.insert("app", "2")
    return store.apps


def test_a_new_app_wishes_nothing(apps, clock):
    row = apps.find("app")

    assert (row.name, row.generation, row.created) == ("app", "2", clock.at)
    assert (row.release, row.pending, row.reason, row.network_cidr) == ("", "", "", "")
    assert (row.locked, row.deleting, row.parameters) == (False, False, {})


def test_a_name_is_taken_once(apps):
    apps.set_locked("app", locked=True)

    assert apps.insert("app", "3") is False
    assert (apps.find("app").generation, apps.find("app").locked) == ("2", True)


def test_an_app_that_is_not_there_is_none_and_takes_no_wish(apps):
    apps.set_pending("none", "RA", {})
    apps.mark_deleting("none")

    assert apps.find("none") is None
    assert [row.name for row in apps.all()] == ["app"]


def test_apps_come_by_name(apps):
    for name in ("b", "a"):
        apps.insert(name, "2")

    assert [row.name for row in apps.all()] == ["a", "app", "b"]


def test_what_is_said_of_an_app_is_of_that_app_only(apps):
    apps.insert("other", "2")
    apps.set_locked("app", locked=True)
    apps.set_parameters("app", {"B": "2", "A": "1"})
    apps.set_network("app", "10.0.0.0/26")
    apps.set_reason("app", "unwell")
    apps.mark_deleting("app")

    row, other = apps.find("app"), apps.find("other")
    assert (row.locked, row.deleting, row.reason) == (True, True, "unwell")
    assert (row.parameters, row.network_cidr) == ({"A": "1", "B": "2"}, "10.0.0.0/26")
    assert (other.locked, other.deleting, other.reason, other.network_cidr) == (
        False,
        False,
        "",
        "",
    )


def test_a_wish_is_kept_with_its_time_and_options(apps, clock):
    apps.set_pending("app", "RA", {"min": 50, "timeout": 30})

    row = apps.find("app")
    assert (row.pending, row.pending_since) == ("RA", clock.at)
    assert row.pending_options == {"min": 50, "timeout": 30}
    assert row.release == ""


def test_a_promote_that_succeeds_makes_the_wish_the_active_release(apps):
    apps.set_pending("app", "RA", {"min": 50})

    assert apps.finish_pending("app", "RA", promoted=True, reason="") is True
    row = apps.find("app")
    assert (row.release, row.pending, row.pending_since) == ("RA", "", None)
    assert row.pending_options == {}


def test_a_promote_that_fails_leaves_the_active_release(apps):
    apps.set_pending("app", "RA", {})
    apps.finish_pending("app", "RA", promoted=True, reason="")
    apps.set_pending("app", "RB", {})

    assert apps.finish_pending("app", "RB", promoted=False, reason="it broke") is True
    row = apps.find("app")
    assert (row.release, row.pending, row.reason) == ("RA", "", "it broke")


@pytest.mark.parametrize("promoted", [True, False])
def test_the_end_of_a_wish_that_was_replaced_changes_nothing(apps, promoted):
    apps.set_pending("app", "RA", {})
    apps.set_pending("app", "RB", {})

    assert apps.finish_pending("app", "RA", promoted=promoted, reason="late") is False
    row = apps.find("app")
    assert (row.release, row.pending, row.reason) == ("", "RB", "")


def test_scaling_changes_what_is_given_and_keeps_the_rest(apps):
    apps.scale("app", "web", count=3, cpu=None, memory=None)
    apps.scale("app", "web", count=None, cpu=128, memory=256)
    apps.scale("app", "web", count=0, cpu=None, memory=None)

    assert apps.services("app") == {"web": ServiceRow("web", 0, 128, 256, 0)}


def test_each_restart_counts(apps):
    apps.restart("app", "web")
    apps.restart("app", "web")

    assert apps.services("app") == {"web": ServiceRow("web", restarts=2)}


def test_settling_fills_what_was_not_asked_and_forgets_services_that_are_gone(apps):
    apps.scale("app", "web", count=3, cpu=None, memory=None)
    apps.restart("app", "web")
    apps.scale("app", "old", count=1, cpu=None, memory=None)

    apps.settle_services("app", {"web": (1, 256, 512), "new": (2, 0, 64)})

    assert apps.services("app") == {
        "web": ServiceRow("web", 3, 256, 512, 1),
        "new": ServiceRow("new", 2, 0, 64, 0),
    }


def test_services_of_the_same_name_in_two_apps_are_two(apps):
    apps.insert("other", "2")
    apps.scale("app", "web", count=3, cpu=None, memory=None)
    apps.scale("other", "web", count=5, cpu=None, memory=None)
    apps.settle_services("other", {})

    assert apps.services("app")["web"].count == 3
    assert apps.services("other") == {}


def test_what_an_app_had_goes_with_it(store, apps):
    apps.scale("app", "web", count=3, cpu=None, memory=None)
    store.builds.insert(Build(id="B1", app="app", status="complete"))
    store.releases.insert(Release(id="R1", app="app", build="B1"))

    apps.delete("app")
    apps.insert("app", "2")

    assert apps.services("app") == {}
    assert store.builds.latest("app", 10) == []
    assert store.releases.latest("app", 10) == []
