"""A store in a folder of the test's own, on a clock that moves when it is told to."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from convox.providers.local.store import open_store


class HandClock:
    """Stands still until `at` is changed."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def wait(self, event: Event, seconds: float) -> bool:
        self.at += timedelta(seconds=seconds)
        return event.is_set()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def store(tmp_path, clock):
    store = open_store(tmp_path / "rack.db", clock)
    yield store
    store.close()
