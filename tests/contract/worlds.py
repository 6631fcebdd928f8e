"""The racks that the contract suite is run over; a new provider adds one factory here.

A factory is a context manager that yields a `World`. It is entered once for each test module.
"""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from convox.client.endpoint import Endpoint
from convox.client.http import Http
from convox.client.rack import connect
from tests.fakes.rack import FakeRack
from tests.fakes.serving import serving

MANIFEST = """\
services:
  web:
    build: .
    port: 3000
"""


@dataclass(frozen=True)
class World:
    rack: Any
    source: bytes
    """A gzip tar whose manifest has one service, `web`, with /bin/sh in its image."""


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


SOURCE = archive({"convox.yml": MANIFEST, "Dockerfile": "FROM scratch\n"})


@contextmanager
def fake():
    rack = FakeRack()
    try:
        yield World(rack, SOURCE)
    finally:
        rack.close()


@contextmanager
def wire():
    with fake() as behind, serving(behind.rack) as server:
        http = Http(Endpoint(server.url))
        yield World(connect(http), SOURCE)
        http.close()


WORLDS = {"fake": fake, "wire": wire}
MARKS: dict[str, tuple[Any, ...]] = {}
"""Marks of worlds that need something, such as a Docker engine."""
