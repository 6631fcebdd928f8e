"""A rack in memory with timers: engine, store and logs are fakes or real, time is moved by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from convox.api.types import Build, ListOptions, Release, TimerRun
from convox.providers.local.containers import Container
from convox.providers.local.layout import LABEL_RUN, Layout
from convox.providers.local.processes import Processes
from convox.providers.local.store import Store, open_store
from convox.providers.local.timer_runs import TimerRuns
from convox.providers.local.timers import Timers
from convox.providers.local.wishes import Wishes
from tests.fakes.engine import FakeEngine
from tests.fakes.log_engine import MovingClock

NOON = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
MANIFEST = """
environment: [SIZE=big]
services:
  web:
    build: .
    command: serve
    volumes: [/data]
timers:
  tick: {command: bin/tick, schedule: "* * * * *", service: web}
  many: {command: bin/many, schedule: "*/2 * * * ?", service: web, concurrency: allow}
"""


class TimerLogs:
    """Logs that note what is asked of them."""

    def __init__(self) -> None:
        self.collected: list[str] = []
        self.lines: list[tuple[str, str]] = []

    def collect(self, container: Container) -> None:
        self.collected.append(container.pid)

    def settle(self, id: str) -> bool:
        return True

    def system(self, app: str, message: str) -> None:
        self.lines.append((app, message))


@dataclass
class TimerWorld:
    """A rack with one app, whose release RONE has MANIFEST."""

    folder: Path
    clock: MovingClock
    engine: FakeEngine
    store: Store
    logs: TimerLogs
    layout: Layout
    timers: Timers
    runs: TimerRuns

    def again(self) -> None:
        """Go on as a rack that was killed and started again."""
        self.store.close()
        other = timer_world(self.folder, self.clock, self.engine)
        self.store, self.timers, self.runs = other.store, other.timers, other.runs
        self.logs = other.logs

    def promote(self, manifest: str, release: str) -> None:
        self.store.releases.insert(Release(id=release, app="app", build="BONE", manifest=manifest))
        self.store.database.write(f"UPDATE apps SET release = '{release}' WHERE name = 'app'", {})

    def processes(self) -> list[Container]:
        """The containers of runs, by number."""
        found = self.engine.containers(self.layout.labels("timer"))
        return sorted(found, key=lambda container: int(container.labels[LABEL_RUN]))

    def run(self, name: str = "tick", number: int = 0) -> TimerRun:
        """A run of a timer, the latest by default."""
        return self.timers.timer_runs("app", name, ListOptions(limit=50))[number]

    def minute(self) -> None:
        """Let a minute pass, and have the timers looked at."""
        self.clock.move(minutes=1)
        self.timers.turn()


def timer_world(
    folder: Path, clock: MovingClock | None = None, engine: FakeEngine | None = None
) -> TimerWorld:
    """Return a rack; with an engine, one that finds what another left."""
    clock, logs = clock or MovingClock(NOON), TimerLogs()
    layout = Layout(folder, "dev")
    store = open_store(folder / "rack.db", clock)
    wishes = Wishes(store, layout)
    if engine is None:
        engine = FakeEngine()
        store.apps.insert("app", "2")
        store.builds.insert(Build(id="BONE", app="app", status="complete"))
        store.releases.insert(Release(id="RONE", app="app", build="BONE", manifest=MANIFEST))
        store.database.write("UPDATE apps SET release = 'RONE' WHERE name = 'app'", {})
        engine.add_image(layout.image("app", "web", "BONE"))
        engine.network_create(layout.network("app"), "10.0.0.0/26", {})
    processes = Processes(engine, store, layout, logs, wishes, clock)
    parts = SimpleNamespace(
        engine=engine, store=store, layout=layout, logs=logs, wishes=wishes, clock=clock
    )
    runs = TimerRuns(parts, processes)
    return TimerWorld(folder, clock, engine, store, logs, layout, Timers(parts, runs), runs)
