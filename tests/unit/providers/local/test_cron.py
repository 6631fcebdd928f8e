from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import InvalidError
from convox.providers.local.cron import schedule

NOW = datetime(2026, 11, 24, 10, 7, 30, tzinfo=UTC)  # a Tuesday


def moments(expression: str, count: int = 3, after: datetime = NOW) -> list[str]:
    found = []
    plan = schedule(expression)
    while len(found) < count:
        moment = plan.next(after)
        if moment is None:
            break
        found.append(moment.strftime("%Y-%m-%d %H:%M"))
        after = moment
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/5 * * * ?", ["2026-11-24 10:10", "2026-11-24 10:15"]),
        ("0/20 * * * ?", ["2026-11-24 10:20", "2026-11-24 10:40"]),
        ("0 3 * * ?", ["2026-11-25 03:00", "2026-11-26 03:00"]),
        ("0 3 ? * 2", ["2026-11-30 03:00", "2026-12-07 03:00"]),
        ("0 3 ? * MON", ["2026-11-30 03:00", "2026-12-07 03:00"]),
        ("0 3 ? * 1", ["2026-11-29 03:00", "2026-12-06 03:00"]),
        ("0 3 ? * L", ["2026-11-28 03:00", "2026-12-05 03:00"]),
        ("0 3 ? * 6L", ["2026-11-27 03:00", "2026-12-25 03:00"]),
        ("0 3 ? * 2#1", ["2026-12-07 03:00", "2027-01-04 03:00"]),
        ("0 3 ? * 2/3", ["2026-11-26 03:00", "2026-11-30 03:00", "2026-12-03 03:00"]),
        ("0 3 L * ?", ["2026-11-30 03:00", "2026-12-31 03:00"]),
        ("0 3 LW * ?", ["2026-11-30 03:00", "2026-12-31 03:00", "2027-01-29 03:00"]),
        ("0 3 29W * ?", ["2026-11-30 03:00", "2026-12-29 03:00", "2027-01-29 03:00"]),
        ("0 3 1W * ?", ["2026-12-01 03:00", "2027-01-01 03:00", "2027-02-01 03:00"]),
        ("0 3 1W 5 ?", ["2027-05-03 03:00", "2028-05-01 03:00"]),
        ("0 3 2,15W * ?", ["2026-12-02 03:00", "2026-12-15 03:00", "2027-01-02 03:00"]),
        ("0 0 1 1 ? 2030", ["2030-01-01 00:00"]),
        ("0 0 1 1 ? 2028/50", ["2028-01-01 00:00", "2078-01-01 00:00", "2128-01-01 00:00"]),
        ("0 0 29 2 ? 2027-2033", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 3 * * 1", ["2026-11-30 03:00", "2026-12-07 03:00"]),
        ("0 3 * * 0", ["2026-11-29 03:00", "2026-12-06 03:00"]),
        ("0 3 * * 7", ["2026-11-29 03:00", "2026-12-06 03:00"]),
        ("0 3 1 * 5", ["2026-11-27 03:00", "2026-12-01 03:00", "2026-12-04 03:00"]),
    ],
)
def test_a_schedule_comes_when_it_says(expression, expected):
    assert moments(expression, len(expected)) == expected


@pytest.mark.parametrize(
    "expression", ["0 0 31 2 ?", "0 0 30 2 *", "0 0 * * ? 2020", "0 0 31W 2 ?", "0 0 31 4,6 ?"]
)
def test_what_never_comes_has_no_next_moment(expression):
    assert schedule(expression).next(NOW) is None


@pytest.mark.parametrize("expression", ["", "@daily", "* * * *", "61 * * * ?", "* * * * * *"])
def test_what_is_no_schedule_is_refused_with_its_text(expression):
    with pytest.raises(InvalidError, match="invalid schedule expression: ") as caught:
        schedule(expression)

    assert expression in caught.value.what


def test_moments_until_a_time_include_that_time_and_not_the_start():
    start = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)

    found = list(schedule("*/5 * * * *").until(start, start + timedelta(minutes=10)))

    assert [moment.minute for moment in found] == [10, 15]


FIELDS = st.tuples(
    st.sampled_from(["*", "0", "5-50/7", "1,59", "0/13"]),
    st.sampled_from(["*", "0", "9-17", "*/6"]),
    st.sampled_from(["1", "15W", "L", "LW", "28-31", "*/9"]),
    st.sampled_from(["*", "FEB", "1-6", "11/2"]),
)


@given(FIELDS, st.integers(0, 10**6))
def test_every_moment_is_a_whole_minute_later_than_the_last(fields, minutes):
    after = NOW + timedelta(minutes=minutes)

    moment = schedule(" ".join((*fields, "?"))).next(after)

    assert moment is not None
    assert moment > after
    assert (moment.second, moment.microsecond, moment.tzinfo) == (0, 0, UTC)
