from __future__ import annotations

import pytest

from convox.cli.times import elapsed, parse, relative

NOON = 1_767_355_200.0
"""2026-01-02T12:00:00Z."""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-01-02T12:00:00Z", "now"),
        ("2026-01-02T11:59:59Z", "1 second ago"),
        ("2026-01-02T11:59:15Z", "45 seconds ago"),
        ("2026-01-02T11:59:00Z", "1 minute ago"),
        ("2026-01-02T11:15:01Z", "44 minutes ago"),
        ("2026-01-02T10:30:00Z", "1 hour ago"),
        ("2026-01-02T02:00:00Z", "10 hours ago"),
        ("2026-01-01T12:00:00Z", "1 day ago"),
        ("2025-12-30T12:00:00Z", "3 days ago"),
        ("2025-12-25T12:00:00Z", "1 week ago"),
        ("2025-12-10T12:00:00Z", "3 weeks ago"),
        ("2025-11-20T12:00:00Z", "1 month ago"),
        ("2025-06-02T12:00:00Z", "7 months ago"),
        ("2025-01-02T12:00:00Z", "1 year ago"),
        ("2024-05-02T12:00:00Z", "2 years ago"),
        ("2020-01-02T12:00:00Z", "6 years ago"),
        ("2026-01-02T13:30:00Z", "1 hour from now"),
        ("2031-01-02T12:00:00+00:00", "5 years from now"),
        ("0001-01-01T00:00:00Z", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_time_is_told_from_now(text: str | None, words: str) -> None:
    assert relative(text, NOON) == words


def test_nine_digits_of_a_second_are_read() -> None:
    moment = parse("2026-01-02T03:04:05.123456789Z")

    assert moment is not None
    assert moment.microsecond == 123456


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("2026-01-02T12:00:45.9Z", "45s"),
        ("2026-01-02T12:02:05Z", "2m5s"),
        ("2026-01-02T14:00:00Z", "120m0s"),
        ("0001-01-01T00:00:00Z", ""),
        (None, ""),
    ],
)
def test_the_time_taken_is_told(end: str | None, words: str) -> None:
    assert elapsed("2026-01-02T12:00:00Z", end) == words
