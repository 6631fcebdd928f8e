"""The parts of a rack that builds need, over an engine in memory, with an obedient builder."""

from __future__ import annotations

import gzip
from threading import Event

from convox.api.types import BuildCreateOptions
from convox.core.errors import FailedError
from convox.providers.local.builds import Builds
from convox.providers.local.layout import Layout
from convox.providers.local.objects import Objects
from convox.providers.local.registries import Registries
from convox.providers.local.store import open_store
from tests.fakes.build_clock import FixedClock
from tests.fakes.engine import Body, FakeEngine, tar_of

WEB = b"services:\n  web:\n    build: .\n"
SOURCE = {"convox.yml": WEB, "Dockerfile": b"FROM scratch\n"}


class FakeBuildLog:
    """The log of one build, in memory."""

    def __init__(self) -> None:
        self.data = b""
        self.closed = Event()
        self.on_close = lambda: None

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.on_close()
        self.closed.set()

    @property
    def lines(self) -> list[str]:
        return self.data.decode().splitlines()


class FakeBuildLogs:
    """Logs of builds by id; a feed is the log itself."""

    def __init__(self) -> None:
        self.logs: dict[str, FakeBuildLog] = {}
        self.on_close = lambda build_id: None

    def build(self, build_id: str) -> FakeBuildLog:
        log = self.logs.setdefault(build_id, FakeBuildLog())
        log.on_close = lambda: self.on_close(build_id)
        return log

    def build_feed(self, build_id, options):
        return self.logs[build_id]

    def forget_build(self, build_id: str) -> None:
        self.logs.pop(build_id, None)


class FakeBuilder:
    """Tags an image in the engine; can hold every build, or fail it."""

    description = "fake"
    notice = ""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self.requests = []
        self.error: Exception | None = None
        self.began = Event()
        self.go = Event()
        self.go.set()

    def build(self, request, write, cancelled):
        self.requests.append(request)
        self.began.set()
        write(f"building {request.tag}\n".encode())
        while not self.go.wait(0.01):
            if cancelled.is_set():
                raise FailedError("the build was stopped")
        self._engine.add_image(request.tag, labels=request.labels)
        if self.error is not None:
            raise self.error


class BuildRack:
    """A rack named dev with an app named app; `builds` is started by the test, if at all."""

    def __init__(self, folder, **options) -> None:
        self.clock = FixedClock()
        self.layout = Layout(folder, "dev")
        self.store = open_store(self.layout.database, self.clock)
        self.store.apps.insert("app", "2")
        self.engine = FakeEngine()
        self.logs = FakeBuildLogs()
        self.objects = Objects(self.store, self.layout, self.clock)
        self.registries = Registries(self.store)
        self.builder = FakeBuilder(self.engine)
        self.hooked = []
        options.setdefault("builder", lambda: self.builder)
        self.builds = Builds(
            self.engine,
            self.store,
            self.layout,
            self.logs,
            self.objects,
            self.registries,
            self.clock,
            self.hooked.append,
            **options,
        )

    def close(self) -> None:
        self.builder.go.set()
        self.builds.stop()
        self.store.close()

    def upload(self, files=SOURCE, app="app") -> str:
        return self.objects.object_store(app, "", Body(gzip.compress(tar_of(files)))).url

    def begin(self, files=SOURCE, **options):
        return self.builds.build_create(
            "app", BuildCreateOptions(url=self.upload(files), **options)
        )

    def build(self, files=SOURCE, **options):
        """Build to the end; returns the build as it ended."""
        build = self.begin(files, **options)
        assert self.logs.logs[build.id].closed.wait(10)
        return self.builds.build_get("app", build.id)

    def lines(self, build) -> list[str]:
        return self.logs.logs[build.id].lines

    def images(self) -> set[str]:
        return {name for name in self.engine.image_names() if name.startswith("convox/")}
