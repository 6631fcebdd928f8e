"""Time as a value that is passed in, so that no test waits and no module reads the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Wall time, monotonic time, and a wait that an event can cut short."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; True if it is set."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251  the one place that reads it

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; True if it is set."""
        return event.wait(seconds)
