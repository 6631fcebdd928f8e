"""A rack's logs and processes over the real engine: one app with services, deployed by hand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from convox.api.types import Build, LogsOptions, Release
from convox.core.clock import SystemClock
from convox.core.errors import ConvoxError
from convox.providers.local.containers import ContainerSpec
from convox.providers.local.engine import Engine
from convox.providers.local.layout import LABEL_BUILD, LABEL_RELEASE, LABEL_SERVICE, Layout
from convox.providers.local.logs import Logs
from convox.providers.local.processes import Processes
from convox.providers.local.store import Store, open_store
from convox.providers.local.wishes import Wishes

IMAGE = "debian:bookworm-slim"
APP = "app"
MANIFEST = """
services:
  web:
    image: debian:bookworm-slim
    command: sleep 600
    environment:
      - COLOR=blue
    volumes:
      - /data
    scale:
      memory: 64
"""


class Rack:
    """Logs and processes of one app; `again()` is the rack process killed and started."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine()
        self.layout = Layout(folder, f"t{secrets.token_hex(4)}")
        self.clock = SystemClock()
        self.store: Store = open_store(folder / "rack.db", self.clock)
        self.store.apps.insert(APP, "2")
        self.store.builds.insert(Build(id="BONE", app=APP, status="complete"))
        self.store.releases.insert(
            Release(id="RONE", app=APP, build="BONE", manifest=MANIFEST, env="COLOR=green")
        )
        self._promote("RONE")
        self.engine.image_tag(IMAGE, self.layout.image(APP, "web", "BONE"))
        self.engine.network_create(self.layout.network(APP), "", self.layout.labels("network", APP))
        self.begin()

    def _promote(self, release: str) -> None:
        self.store.database.write(
            "UPDATE apps SET release = :release WHERE name = :name",
            {"release": release, "name": APP},
        )

    def begin(self) -> None:
        self.logs = Logs(self.engine, self.layout, self.clock)
        self.processes = Processes(
            self.engine,
            self.store,
            self.layout,
            self.logs,
            Wishes(self.store, self.layout),
            self.clock,
            instance="local",
        )
        self.logs.start()
        self.processes.start()

    def end(self) -> None:
        self.processes.stop()
        self.logs.stop()

    def again(self) -> None:
        self.end()
        self.begin()

    def service(self, command: str, service: str = "web") -> str:
        """Run a container as the reconciler would, and collect it; return its id."""
        spec = ContainerSpec(
            name=self.layout.container(APP, service, secrets.token_hex(4)),
            image=IMAGE,
            labels={
                **self.layout.labels("service", APP),
                LABEL_SERVICE: service,
                LABEL_RELEASE: "RONE",
                LABEL_BUILD: "BONE",
            },
            command=("sh", "-c", command),
            network=self.layout.network(APP),
        )
        id = self.engine.create(spec)
        self.engine.start(id)
        self.logs.collect(self.engine.inspect(id))
        return id

    def text(self, pid: str = "", **options: object) -> bytes:
        """Return the window of the app's log that the options ask for."""
        seen: list[bytes | None] = []
        wanted = LogsOptions(**{"follow": False, **options})  # type: ignore[arg-type]
        self.logs.feed(APP, wanted, pid=pid).attach(seen.append)
        return b"".join(chunk for chunk in seen if chunk)

    def remove(self) -> None:
        self.end()
        for container in self.engine.containers({"convox.rack": self.layout.rack}):
            self.engine.remove(container.id)
        self.engine.network_remove(self.layout.network(APP))
        for volume in self.engine.volumes({"convox.rack": self.layout.rack}):
            self.engine.volume_remove(volume.name)
        self.engine.image_remove(self.layout.image(APP, "web", "BONE"))
        self.store.close()


@contextmanager
def rack(folder: Path) -> Iterator[Rack]:
    made = Rack(folder)
    try:
        yield made
    finally:
        made.remove()


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something to become true; errors on the way count as not yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except ConvoxError:
            pass
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.03)
