from datetime import UTC, datetime, timedelta

import pytest

from convox.providers.local.cron import schedule
from convox.providers.local.timer_plan import look

EVERY_FIVE = schedule("*/5 * * * *")
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def at(minute: float) -> datetime:
    return TEN + timedelta(minutes=minute)


@pytest.mark.parametrize("now", [at(5), at(5.3), at(5.99)])
def test_a_moment_is_due_for_the_whole_of_its_minute(now):
    found = look(EVERY_FIVE, at(0), now)

    assert (found.due, found.missed, found.sentence) == (at(5), 0, "")


def test_nothing_is_due_between_moments_or_twice():
    assert look(EVERY_FIVE, at(0), at(4.9)).due is None
    assert look(EVERY_FIVE, at(5), at(5.5)).due is None
    assert look(EVERY_FIVE, at(5.1), at(5.5)).due is None


def test_a_moment_whose_minute_is_over_was_missed():
    found = look(EVERY_FIVE, at(0), at(6))

    assert (found.due, found.missed, found.first, found.last) == (None, 1, at(5), at(5))
    assert found.sentence == (
        "a run was missed, due 2026-11-24 10:05 UTC: the rack did not run then"
    )


def test_those_before_are_missed_and_that_of_this_minute_is_due():
    found = look(EVERY_FIVE, at(0), at(20.2))

    assert (found.due, found.missed, found.first, found.last) == (at(20), 3, at(5), at(15))
    assert found.sentence == (
        "3 runs were missed, due 2026-11-24 10:05 UTC to 2026-11-24 10:15 UTC:"
        " the rack did not run then"
    )


def test_a_long_absence_is_not_counted_to_its_end():
    found = look(schedule("* * * * *"), at(0), at(60 * 24 * 365))

    assert found.missed == 1000
    assert found.last == at(60 * 24 * 365 - 1)
    assert found.sentence.startswith("1000 or more runs were missed, due 2026-11-24 10:01 UTC to")


def test_a_clock_that_went_back_brings_nothing():
    found = look(EVERY_FIVE, at(30), at(10))

    assert (found.due, found.missed) == (None, 0)
