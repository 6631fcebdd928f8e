"""How the end of a promote is written down."""

import pytest

from convox.providers.local.outcomes import Outcomes
from convox.providers.local.steps import FinishPromote


@pytest.fixture
def outcomes(core) -> Outcomes:
    return Outcomes("app", core.store, core.logs, core.wishes)


def test_a_promoted_release_is_active_and_the_one_before_is_not(core, outcomes):
    core.app()
    first, second = core.release(), core.release()
    for release in (first, second):
        core.promote(release)
        outcomes.finish(FinishPromote(release.id, promoted=True))

    assert core.row().release == second.id
    assert [r.status for r in core.store.releases.latest("app", 2)] == ["active", ""]
    assert core.logs.of("app") == [f"promoted {first.id}", f"promoted {second.id}"]


def test_the_scale_of_the_first_release_of_a_service_stays(core, outcomes):
    core.app()
    text = "services:\n  web:\n    port: 3000\n    scale: {count: %s, memory: %s}\n"
    for count, memory in ((2, 100), (9, 900)):
        release = core.release(manifest=text % (count, memory))
        core.promote(release)
        outcomes.finish(FinishPromote(release.id, promoted=True))

    row = core.store.apps.services("app")["web"]
    assert (row.count, row.cpu, row.memory) == (2, 256, 100)


def test_a_service_that_went_away_begins_anew_when_it_comes_back(core, outcomes):
    core.app()
    both = "services:\n  web:\n  api:\n    scale: %s\n"
    for text in (both % 2, "services:\n  web:\n", both % 5):
        release = core.release(manifest=text)
        core.promote(release)
        outcomes.finish(FinishPromote(release.id, promoted=True))

    assert core.store.apps.services("app")["api"].count == 5


def test_a_failure_is_told_with_the_container_s_last_lines(core, outcomes):
    core.app()
    release = core.release()
    core.promote(release)
    core.logs.tail = lambda id, count: ["one", "two"]

    outcomes.finish(FinishPromote(release.id, promoted=False, cause="web died", culprit="c1"))

    assert core.row().reason == f"release {release.id} failed: web died\none\ntwo"
    failed = core.store.releases.find("app", release.id)
    assert (failed.status, failed.reason) == ("failed", "web died\none\ntwo")
    assert core.logs.of("app") == ["  one", "  two", f"{release.id} was not promoted: web died"]


def test_a_failed_promote_of_the_active_release_leaves_it_active(core, outcomes):
    core.app()
    release = core.release()
    for promoted in (True, False):
        core.promote(release)
        outcomes.finish(FinishPromote(release.id, promoted=promoted, cause="late"))

    assert core.row().release == release.id
    assert core.store.releases.find("app", release.id).status == "active"


def test_the_end_of_a_promote_that_was_replaced_changes_nothing(core, outcomes):
    core.app()
    first, second = core.release(), core.release()
    core.promote(first)
    core.promote(second, force=True)

    for promoted in (True, False):
        outcomes.finish(FinishPromote(first.id, promoted=promoted, cause="late"))

    assert (core.row().release, core.row().pending) == ("", second.id)
    assert core.store.releases.find("app", first.id).status == "superseded"
    assert core.logs.of("app") == []


def test_trouble_is_recorded_and_cleared(core, outcomes):
    core.app()

    outcomes.report("service web keeps exiting, with status 1", "")
    assert core.row().reason == "service web keeps exiting, with status 1"
    outcomes.clear()
    assert core.row().reason == ""
