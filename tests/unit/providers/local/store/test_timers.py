from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from convox.providers.local.store import Store, open_store
from convox.providers.local.store.timers import KEPT, RunStatus
from tests.fakes.log_engine import MovingClock

DUE = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = open_store(tmp_path / "rack.db", MovingClock(DUE))
    opened.apps.insert("app", "2")
    yield opened
    opened.close()


def test_a_moment_is_claimed_once(store: Store):
    first = store.timers.claim("app", "tick", DUE)

    assert first is not None
    assert (first.status, first.due, first.manual) == (RunStatus.PENDING, DUE, False)
    assert store.timers.claim("app", "tick", DUE) is None
    assert store.timers.claim("app", "tick", DUE, overlap=True) is None
    assert store.timers.claim("app", "tock", DUE) is not None


def test_a_run_beside_another_is_skipped_unless_they_may_overlap(store: Store):
    first = store.timers.claim("app", "tick", DUE)
    later = store.timers.claim("app", "tick", DUE + timedelta(minutes=1))
    beside = store.timers.claim("app", "tick", DUE + timedelta(minutes=2), overlap=True)

    assert first is not None
    assert later is not None
    assert beside is not None
    assert (later.status, later.reason) == (RunStatus.SKIPPED, f"run {first.id} had not ended")
    assert beside.status is RunStatus.PENDING


def test_a_run_starts_and_ends_once(store: Store):
    run = store.timers.claim("app", "tick", DUE)
    assert run is not None

    store.timers.start(run.id, "abc", "RONE", DUE)
    store.timers.start(run.id, "other", "RTWO", DUE)
    assert store.timers.end(run.id, RunStatus.FAILED, exit_code=3, ended=DUE, reason="why")
    assert not store.timers.end(run.id, RunStatus.COMPLETE, exit_code=0)

    found = store.timers.find(run.id)
    assert found is not None
    assert (found.process, found.release, found.exit_code) == ("abc", "RONE", 3)
    assert (found.status, found.ended, found.reason) == (RunStatus.FAILED, DUE, "why")
    assert store.timers.open_runs() == []


def test_only_the_latest_runs_are_kept_and_those_that_run(store: Store):
    running = store.timers.claim("app", "slow", DUE)
    for number in range(1, KEPT + 10):
        store.timers.claim("app", "slow", DUE + timedelta(minutes=number))

    found = store.timers.latest("app", "slow", 1000)
    assert len(found) == KEPT + 1
    assert running is not None
    assert [run.id for run in store.timers.open_runs()] == [running.id]
    assert found[0].due == DUE + timedelta(minutes=KEPT + 9)


def test_how_far_a_schedule_was_looked_at_is_of_that_schedule(store: Store):
    assert store.timers.seen("app", "tick", "* * * * *") is None
    store.timers.see("app", "tick", "* * * * *", DUE)
    assert store.timers.seen("app", "tick", "* * * * *") == DUE
    assert store.timers.seen("app", "tick", "0 * * * *") is None

    store.timers.see("app", "tick", "0 * * * *", DUE)
    store.timers.forget_all_but("app", frozenset({"tick"}))
    assert store.timers.seen("app", "tick", "0 * * * *") == DUE
    store.timers.forget_all_but("app", frozenset())
    assert store.timers.seen("app", "tick", "0 * * * *") is None


def test_what_was_missed_is_one_row_that_has_ended(store: Store):
    run = store.timers.miss("app", "tick", DUE, "3 runs were missed")

    assert run is not None
    assert (run.status, run.reason, run.ended) == (RunStatus.MISSED, "3 runs were missed", DUE)
    assert store.timers.open_runs() == []


def test_an_app_takes_its_timers_with_it(store: Store):
    store.timers.see("app", "tick", "* * * * *", DUE)
    store.timers.claim("app", "tick", DUE)

    store.apps.delete("app")

    assert store.timers.latest("app", "tick", 10) == []
    assert store.timers.seen("app", "tick", "* * * * *") is None
