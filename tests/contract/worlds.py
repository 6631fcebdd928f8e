"""The racks that the contract suite is run over; a new provider adds one factory here.

A factory is a context manager that yields a `World`. It is entered once for each test module.
"""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from convox.client.endpoint import Endpoint
from convox.client.http import Http
from convox.client.rack import connect
from tests.docker.providers.local.rack_rig import bench
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


PAGE = """\
FROM python:3.11-slim
RUN mkdir /page && echo fine > /page/index.html
CMD ["python3", "-m", "http.server", "3000", "--directory", "/page"]
"""
QUICK = """\
services:
  web:
    build: .
    port: 3000
    drain: 1
    health: {grace: 1, interval: 1, timeout: 1}
    termination: {grace: 1}
    scale: {cpu: 64, memory: 64}
"""


@contextmanager
def local():
    with TemporaryDirectory() as folder, bench(Path(folder)) as made:
        yield World(made.rack, archive({"convox.yml": QUICK, "Dockerfile": PAGE}))


WORLDS = {"fake": fake, "wire": wire, "local": local}
MARKS: dict[str, tuple[Any, ...]] = {
    "local": (pytest.mark.docker, pytest.mark.xdist_group("contract-local"))
}
"""Marks of worlds that need something, such as a Docker engine."""
