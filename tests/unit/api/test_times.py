"""Times and durations on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.api import times
from convox.core.errors import InvalidError
from tests.unit.api.shapes import DURATIONS, TIMES


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(minutes=2), "2m0s"),
        (timedelta(seconds=5), "5s"),
        (timedelta(hours=1, minutes=30), "1h30m0s"),
        (timedelta(seconds=1.5), "1.5s"),
        (timedelta(milliseconds=300), "300ms"),
        (timedelta(microseconds=1500), "1.5ms"),
        (timedelta(microseconds=7), "7µs"),
        (timedelta(days=2), "48h0m0s"),
        (timedelta(seconds=-90), "-1m30s"),
    ],
)
def test_durations_are_written_as_go_writes_them(value, text):
    assert times.format_duration(value) == text
    assert times.parse_duration(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", timedelta()),
        ("+5s", timedelta(seconds=5)),
        (".5s", timedelta(seconds=0.5)),
        ("1.s", timedelta(seconds=1)),
        ("90m", timedelta(minutes=90)),
        ("1500us", timedelta(microseconds=1500)),
        ("2000ns", timedelta(microseconds=2)),
        ("1h1h", timedelta(hours=2)),
    ],
)
def test_other_spellings_of_go_are_read(text, value):
    assert times.parse_duration(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "-",
        "s",
        ".s",
        "5 s",
        "5d",
        "1h-5m",
        "five",
        "1e3s",
        "5s\n",
        "9" * 40 + "h",
        "\u0665s",
    ],
)
def test_what_is_no_duration_is_refused_with_the_text(text):
    with pytest.raises(InvalidError, match="invalid duration"):
        times.parse_duration(text)


@given(DURATIONS)
def test_durations_survive_the_round_trip(value):
    assert times.parse_duration(times.format_duration(value)) == value


@given(TIMES)
def test_times_survive_both_round_trips(value):
    assert times.parse_compact(times.format_compact(value)) == value
    assert times.parse_time(times.format_time(value)) == value


def test_compact_times_have_nine_digits_and_no_zone():
    value = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)

    assert times.format_compact(value) == "20260102.030405.000678000"


@pytest.mark.parametrize(
    "text", ["", "20260102", "20261302.030405.000000000", "20260102.030405.0", "2026-01-02"]
)
def test_what_is_no_compact_time_is_refused(text):
    with pytest.raises(InvalidError, match="invalid time"):
        times.parse_compact(text)


@given(st.text(max_size=30))
def test_any_text_is_either_read_or_refused(text):
    for parse in (times.parse_duration, times.parse_time, times.parse_compact):
        try:
            parse(text)
        except InvalidError as e:
            assert "invalid" in e.what
