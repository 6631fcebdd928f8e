"""What keeping a rack asks of the engine besides engine.py: freezing, the build cache, its folder.

Over the same socket with a link of its own; backup.py, keeper.py and doctor use it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convox.core.errors import ConvoxError
from convox.providers.local.engine import Engine
from convox.providers.local.engine_link import Link

_TIMEOUT_S = 60


class Upkeep:
    """The engine as whoever keeps a rack in order needs it."""

    def __init__(self, engine: Engine) -> None:
        self._link = Link(engine.address, _TIMEOUT_S)

    def folder(self) -> Path:
        """Return where the engine keeps images, containers and volumes."""
        with self._link.translated("ask the Docker engine for its folder"):
            return Path(self._link.client().info()["DockerRootDir"])

    @contextmanager
    def frozen(self, volume: str) -> Iterator[None]:
        """Hold every process that uses a volume, so that what is copied is of one moment."""
        with self._link.translated(f"find what uses volume {volume}"):
            users = self._link.client().containers(filters={"volume": [volume]})
        held: list[str] = []
        try:
            for user in users:
                if user["State"] == "running":
                    held.append(user["Id"])
                    with self._link.translated(f"hold container {user['Id'][:12]}"):
                        self._link.client().pause(user["Id"])
            yield
        finally:
            for id in held:
                with suppress(ConvoxError), self._link.translated(f"release container {id[:12]}"):
                    self._link.client().unpause(id)

    def prune_build_cache(self, keep_bytes: int, unused_h: int) -> int:
        """Drop build cache above `keep_bytes` that was not used lately; return the bytes freed."""
        filters = json.dumps({"until": [f"{unused_h}h"]}) if unused_h else "{}"
        with self._link.translated("prune the build cache"):
            client = self._link.client(patient=True)
            url = f"{client.base_url}/v{client.api_version}/build/prune"
            query = {"all": "true", "keep-storage": str(keep_bytes), "filters": filters}
            response = client.post(url, params=query, timeout=None)
            response.raise_for_status()
            return int(response.json().get("SpaceReclaimed") or 0)
