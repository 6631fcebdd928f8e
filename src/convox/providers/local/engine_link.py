"""The connection to one engine: clients made when first needed, streams opened, errors translated.

Shared by engine.py and engine_images.py, which hold the requests themselves.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from docker import APIClient
from docker.utils import version_lt

from convox.core.stream import Chunks
from convox.providers.local.engine_errors import translated
from convox.providers.local.engine_streams import RawStream, open_stream

NEWEST_API = "1.44"
"""The newest API version that the engine modules were written for; an older engine gets its own."""
_POOL_SIZE = 64


class Link:
    """One engine behind a unix socket; connects at the first use; safe from any thread."""

    def __init__(self, base_url: str, timeout_s: int) -> None:
        self.address = base_url
        self.path = "/" + base_url.removeprefix("unix://").lstrip("/")
        self._timeout_s = timeout_s
        self._lock = Lock()
        self._clients: dict[bool, APIClient] = {}

    def client(self, *, patient: bool = False) -> Any:
        """Return a client (`APIClient`) for control calls; a patient one never gives up waiting.

        Typed as Any because the SDK's stubs cover half of it; values are typed by engine_parse.
        """
        with self._lock:
            if patient not in self._clients:
                self._clients[patient] = self._connect(None if patient else self._timeout_s)
            return self._clients[patient]

    def translated(self, doing: str) -> AbstractContextManager[None]:
        """Turn what the SDK raises inside into our errors."""
        return translated(self.address, doing)

    def open(
        self,
        request: str,
        doing: str,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        body: object = None,
        head_timeout_s: float | None = 60,
    ) -> RawStream:
        """Send one request and return its answer as a stream; see `open_stream`.

        Args:
            request: method and path without the version, as in "GET /events".
            doing: what it is for, in the words of an error.
            query: parameters.
            body: JSON to send; upgrades the connection to a duplex stream.
            head_timeout_s: how long the first bytes of the answer may take.
        """
        with self.translated(doing):
            version = self.client().api_version
        method, _, path = request.partition(" ")
        target = f"{method} /v{version}{path}" + (f"?{urlencode(query)}" if query else "")
        return open_stream(self.path, target, doing=doing, body=body, head_timeout_s=head_timeout_s)

    def _connect(self, timeout_s: int | None) -> APIClient:
        # The SDK forgets to close a socket that cannot connect; this one is closed.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(self.path)
        client = self._new_client(NEWEST_API, timeout_s)
        spoken = str(client.version(api_version=False)["ApiVersion"])
        if version_lt(spoken, NEWEST_API):
            client = self._new_client(spoken, timeout_s)
        return client

    def _new_client(self, version: str, timeout_s: int | None) -> APIClient:
        options: dict[str, Any] = {"timeout": timeout_s, "max_pool_size": _POOL_SIZE}
        client = APIClient(base_url=self.address, version=version, **options)
        # Proxies and .netrc of the environment have no meaning on a unix socket, and cost time.
        client.trust_env = False
        return client


def pieces(body: Chunks) -> Iterator[bytes]:
    """Yield a body in pieces, for requests that are sent as they are read."""
    return iter(body.read, b"")


def label_filters(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the filter that selects by labels; an empty value means any."""
    pairs = [f"{name}={value}" if value else name for name, value in labels.items()]
    return {"label": pairs} if pairs else {}
