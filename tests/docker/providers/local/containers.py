"""Containers, networks and labels of one test file, gone when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from convox.providers.local.containers import ContainerSpec
from convox.providers.local.engine import Engine

IMAGE = "debian:bookworm-slim"


class Yard:
    """Makes containers under one label."""

    def __init__(self, engine: Engine, label: str) -> None:
        name, _, value = label.partition("=")
        self.engine = engine
        self.labels = {name: value}
        self.prefix = f"convox-test-{value}"
        self._made: list[str] = []

    def create(self, *command: str, **options: object) -> str:
        options.setdefault("name", f"{self.prefix}-{len(self._made)}")
        options.setdefault("image", IMAGE)
        options.setdefault("stop_grace_s", 1)
        spec = ContainerSpec(labels=self.labels, command=command or None, **options)  # type: ignore[arg-type]
        self._made.append(self.engine.create(spec))
        return self._made[-1]

    def run(self, *command: str, **options: object) -> str:
        id = self.create(*command, **options)
        self.engine.start(id)
        return id

    def sh(self, script: str, **options: object) -> str:
        return self.run("sh", "-c", script, **options)

    def clear(self) -> None:
        for id in self._made:
            self.engine.remove(id)


@contextmanager
def yard(label: str) -> Iterator[Yard]:
    made = Yard(Engine(), label)
    try:
        yield made
    finally:
        made.clear()
