"""A container in the network of an app that tries connections for whoever asks it.

It is the router's image, because a rack has no other that is sure to be there: Caddy, told to dial
the address in a request's header and to answer with what came of it. It has the capabilities of no
process, publishes nothing, and lives for as long as the tries take.
"""

from __future__ import annotations

import http.client
import io
import json
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from convox.core.clock import Clock
from convox.core.errors import UnavailableError
from convox.providers.local.containers import ContainerSpec
from convox.providers.local.engine import Engine
from convox.providers.local.layout import Layout

PORT = 8999
_FILE = "audit.json"
_DIALLED = 299
"""Answered in place of an error, so that no status of a target means the same."""
_START_LIMIT_S = 10.0
_TRY_LIMIT_S = 8.0


class Probe:
    """Tries connections from inside a network; any number of threads may ask."""

    def __init__(self, address: str) -> None:
        self._address = address

    def reach(self, target: str, name: str = "") -> tuple[bool, str]:
        """Return whether something accepted at `target`, and what was said.

        Args:
            target: address and port.
            name: of the host that the request is for; 404 then counts as not accepted.

        Raises:
            OSError: the probe itself does not answer.
        """
        connection = http.client.HTTPConnection(self._address, PORT, timeout=_TRY_LIMIT_S)
        try:
            connection.request("GET", "/", headers={"X-Target": target, "Host": name or "audit"})
            answer = connection.getresponse()
            said = answer.read(400).decode(errors="replace").strip()
        finally:
            connection.close()
        if answer.status == _DIALLED:
            return "dial tcp" not in said, said
        if name and answer.status == http.client.NOT_FOUND:
            return False, "no such name is answered"
        return True, f"answered {answer.status}"


@contextmanager
def probe(engine: Engine, layout: Layout, app: str, image: str, clock: Clock) -> Iterator[Probe]:
    """Run a probe in the network of an app, and remove it at the end.

    Raises:
        UnavailableError: it does not answer.
    """
    network = layout.network(app)
    id = engine.create(
        ContainerSpec(
            name=layout.container(app, "audit", secrets.token_hex(4)),
            image=image,
            labels=layout.labels("audit", app),
            command=("run", "--config", f"/{_FILE}"),
            network=network,
            cap_drop=("ALL",),
            stop_grace_s=0,
        )
    )
    try:
        engine.archive_put(id, "/", _Archive(_configuration()))
        engine.start(id)
        made = Probe(engine.inspect(id).addresses[network])
        _await(made, clock)
        yield made
    finally:
        engine.remove(id)


def _await(made: Probe, clock: Clock) -> None:
    deadline = clock.monotonic() + _START_LIMIT_S
    while True:
        try:
            made.reach("127.0.0.1:1")
        except OSError as error:
            if clock.monotonic() > deadline:
                raise UnavailableError("the probe does not answer", why=str(error)) from error
            clock.wait(Event(), 0.05)
        else:
            return


def _configuration() -> bytes:
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": "{http.request.header.X-Target}"}],
        "transport": {
            "protocol": "http",
            "dial_timeout": "1500ms",
            "response_header_timeout": "2s",
            "keep_alive": {"enabled": False},
        },
    }
    said = {
        "handler": "static_response",
        "status_code": _DIALLED,
        "body": "{http.error.message}",
    }
    server = {
        "listen": [f":{PORT}"],
        "automatic_https": {"disable": True},
        "routes": [{"handle": [proxy]}],
        "errors": {"routes": [{"handle": [said]}]},
    }
    config = {
        "admin": {"disabled": True},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {"http": {"servers": {"probe": server}}},
    }
    return json.dumps(config).encode()


class _Archive:
    """One file as an uncompressed tar."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO()
        with tarfile.open(fileobj=self._file, mode="w") as archive:
            info = tarfile.TarInfo(_FILE)
            info.size, info.mode = len(data), 0o644
            archive.addfile(info, io.BytesIO(data))
        self._file.seek(0)

    def read(self, size: int = 65536, /) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()
