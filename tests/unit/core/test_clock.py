"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, timedelta
from threading import Event

from convox.core.clock import SystemClock


def test_wall_time_is_aware_and_in_utc():
    assert SystemClock().now().tzinfo is UTC
    assert SystemClock().now().utcoffset() == timedelta()


def test_monotonic_time_does_not_go_back():
    clock = SystemClock()

    assert clock.monotonic() <= clock.monotonic()


def test_a_wait_ends_early_when_the_event_is_set():
    clock, event = SystemClock(), Event()

    assert clock.wait(event, 0.001) is False
    event.set()
    assert clock.wait(event, 60) is True
