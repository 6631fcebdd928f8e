"""The parts of a rack in memory: a worker is driven by hand, and time is the fake engine's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from convox.api.types import Build, Release, ReleaseCreateOptions, ReleasePromoteOptions
from convox.core.errors import ConvoxError
from convox.providers.local.apps import Apps
from convox.providers.local.caddy import Route
from convox.providers.local.containers import Container
from convox.providers.local.deletion import Deletion
from convox.providers.local.layout import Layout
from convox.providers.local.networks import Networks
from convox.providers.local.observed import Verdict
from convox.providers.local.options import RackOptions
from convox.providers.local.probe_check import ProbeTarget
from convox.providers.local.releases import Releases
from convox.providers.local.runner import Parts
from convox.providers.local.services import Services
from convox.providers.local.store import open_store
from convox.providers.local.store.apps import AppRow
from convox.providers.local.wishes import Wishes
from convox.providers.local.worker import Worker
from tests.fakes.engine import FakeEngine

MANIFEST = "services:\n  web:\n    port: 3000\n"


class EngineClock:
    """Time is the engine's; waiting lets it pass at once."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def now(self) -> datetime:
        return self._engine.now

    def monotonic(self) -> float:
        return self._engine.now.timestamp()

    def wait(self, event: Event, seconds: float) -> bool:
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        self._engine.now += timedelta(seconds=seconds)


class FakeRouter:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.container_id = "router1"
        self.routes: dict[str, tuple[Route, ...]] = {}
        self.published: list[tuple[str, tuple[Route, ...]]] = []
        self.networks: dict[str, tuple[str, ...]] = {}
        self.ensured = Event()
        self.error: ConvoxError | None = None

    def ensure(self) -> None:
        self._fail()
        self.ensured.set()

    def publish(self, app: str, routes: tuple[Route, ...]) -> None:
        self._fail()
        self.routes[app] = routes
        self.published.append((app, routes))

    def withdraw(self, app: str) -> None:
        self.publish(app, ())

    def join(self, network: str, aliases: tuple[str, ...] = ()) -> None:
        self._fail()
        self.networks[network] = aliases

    def leave(self, network: str) -> None:
        self.networks.pop(network, None)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class FakeProber:
    """Finds every process as `verdicts` says, or else as `default`."""

    def __init__(self) -> None:
        self.default = Verdict(probed=True, up=True, note="GET / on port 3000 answered 200")
        self.verdicts: dict[str, Verdict] = {}
        self.watched: dict[str, ProbeTarget] = {}
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def watch(self, target: ProbeTarget, changed: Callable[[], None]) -> None:
        self.watched[target.id] = target

    def forget(self, ids: object) -> None:
        for id in ids:  # type: ignore[attr-defined]
            self.watched.pop(id, None)

    def verdict(self, id: str) -> Verdict:
        return self.verdicts.get(id, self.default)


class FakeLogs:
    """Keeps the rack's own lines; a container's last lines are the fake engine's."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self.lines: list[tuple[str, str]] = []
        self.collected: list[str] = []
        self.settled: list[str] = []
        self.forgotten: list[str] = []

    def system(self, app: str, message: str) -> None:
        self.lines.append((app, message))

    def of(self, app: str) -> list[str]:
        return [message for name, message in self.lines if name == app]

    def collect(self, container: Container) -> None:
        self.collected.append(container.id)

    def settle(self, id: str, timeout_s: float = 5.0) -> bool:
        self.settled.append(id)
        return True

    def tail(self, id: str, count: int) -> list[str]:
        inside = self._engine.inside.get(id)
        return [entry.line.decode() for entry in inside.log][-count:] if inside else []

    def forget(self, app: str) -> None:
        self.forgotten.append(app)

    def feed(self, app: str, options: object, *, pid: str = "") -> tuple[str, object]:
        return (app, options)

    def rack_feed(self, options: object) -> tuple[str, object]:
        return ("", options)


class Holder:
    """Holds things of apps besides the parts."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(self, app: str) -> None:
        self.forgotten.append(app)


class CoreRig:
    """A rack whose engine, router, prober and logs are fakes."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.engine = FakeEngine()
        self.clock = EngineClock(self.engine)
        self.layout = Layout(folder, "rack")
        self.store = open_store(folder / "rack.db", self.clock)
        self.options = RackOptions(cidr="10.77.0.0/16", **options)  # type: ignore[arg-type]
        self.router, self.prober, self.logs = FakeRouter(), FakeProber(), FakeLogs(self.engine)
        self.wishes = Wishes(self.store, self.layout)
        self.networks = Networks(
            self.engine, self.store, self.layout, "10.77.0.0/16", host_routes=lambda: ""
        )
        self.parts = Parts(
            self.engine,
            self.store,
            self.layout,
            self.logs,
            self.router,
            self.networks,
            self.prober,
            self.wishes,
            self.clock,
        )
        self.woken: list[str] = []
        wake = self.woken.append
        self.apps = Apps(self.store, self.layout, self.logs, "rack.localhost", wake)
        self.releases = Releases(self.store, self.layout, self.wishes, lambda: self.options, wake)
        self.services = Services(
            self.store, self.layout, self.wishes, self.logs, lambda: self.options.port, wake
        )
        self.holder = Holder()
        self.deletion = Deletion(self.parts, (self.holder,))
        self._number = 0

    def app(self, name: str = "app") -> str:
        self.store.apps.insert(name, "2")
        return name

    def row(self, app: str = "app") -> AppRow:
        found = self.store.apps.find(app)
        assert found is not None
        return found

    def release(
        self, app: str = "app", manifest: str | dict = MANIFEST, env: str | None = None
    ) -> Release:
        """Put a complete build and its images there, and return its release."""
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        self._number += 1
        build = Build(
            id=f"B{self._number:010d}",
            app=app,
            status="complete",
            manifest=text,
            description=f"build {self._number}",
            git_sha="abc123",
        )
        self.store.builds.insert(build)
        self.clock.advance(1)
        release = self.releases.release_create(app, ReleaseCreateOptions(build=build.id, env=env))
        for service in self.wishes.manifest(release).services:
            self.engine.add_image(self.layout.image(app, service.name, build.id))
        return release

    def promote(self, release: Release, **options: object) -> None:
        self.releases.release_promote(
            release.app,
            release.id,
            ReleasePromoteOptions(**options),  # type: ignore[arg-type]
        )

    def worker(self, app: str = "app") -> Worker:
        return Worker(app, self.parts, self.deletion, lambda name: None)

    def settle(self, worker: Worker, limit_s: float = 300) -> None:
        """Advance until the worker would only wait for the next look."""
        end = self.engine.now + timedelta(seconds=limit_s)
        while self.engine.now < end:
            pause = worker.advance()
            if pause is None or pause >= 100:
                return
            self.clock.advance(pause)
        raise AssertionError("the worker does not settle")

    def deployed(self, manifest: str | dict = MANIFEST, app: str = "app") -> Worker:
        """An app whose release is up, and its worker."""
        if self.store.apps.find(app) is None:
            self.app(app)
        worker = self.worker(app)
        self.promote(self.release(app, manifest))
        self.settle(worker)
        return worker

    def containers(self, app: str = "app") -> list[Container]:
        return self.engine.containers(self.layout.labels("service", app))

    def close(self) -> None:
        self.store.close()
