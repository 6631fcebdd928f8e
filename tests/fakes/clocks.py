"""A clock that never waits: time passes by being waited for."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Event


class FastClock:
    """Each wait yields the processor and moves the hands."""

    def __init__(self) -> None:
        self._now = 0.0
        self.waited: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)

    def monotonic(self) -> float:
        return self._now

    def wait(self, event: Event, seconds: float) -> bool:
        self.waited.append(seconds)
        self._now += seconds
        time.sleep(0.005)
        return event.is_set()
