"""A router of its own on free ports, with the few things that a rack would give it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from convox.core.clock import SystemClock
from convox.providers.local import certificates, install
from convox.providers.local.caddy import Route
from convox.providers.local.engine import Engine
from convox.providers.local.layout import Layout
from convox.providers.local.options import RackOptions
from convox.providers.local.router import Router
from tests.docker.providers.local.upstreams import Answer, Client


@dataclass(frozen=True)
class Rig:
    """The router under test and how to reach it."""

    router: Router
    engine: Engine
    layout: Layout
    options: RackOptions
    verified: ssl.SSLContext
    """Trusts the rack's own authority and nothing else."""

    @property
    def gateway(self) -> str:
        """This machine, as the router sees it."""
        return str(next(IPv4Network(self.options.router_subnet).hosts()))

    def host(self, app: str, service: str = "web") -> str:
        return self.layout.host(app, service)

    def route(self, app: str, *ports: int, **more: object) -> Route:
        """A route to servers in this process."""
        upstreams = tuple(f"{self.gateway}:{port}" for port in ports)
        fields = {"hosts": (self.host(app),), "upstreams": upstreams, "owner": f"{app}/web"}
        return Route(**{**fields, **more})  # type: ignore[arg-type]

    def serve(self, app: str, *ports: int, **more: object) -> None:
        self.router.publish(app, (self.route(app, *ports, **more),))

    def client(self, host: str, timeout_s: float = 10) -> Client:
        return Client(host, self.options.port, self.verified, timeout_s)

    def get(self, host: str, path: str = "/", **headers: str) -> Answer:
        client = self.client(host)
        try:
            return client.ask(path, Connection="close", **headers)
        finally:
            client.close()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@contextmanager
def rig(folder: Path, prefix: str = "rt") -> Iterator[Rig]:
    """Run a router, and remove all of it at the end; two at once need two prefixes."""
    layout = Layout(folder / "rack", f"{prefix}{os.getpid()}")
    engine, clock = Engine(), SystemClock()
    try:
        wanted = RackOptions(*free_ports(3))
        options = install.prepare(layout, wanted, "a-password-of-mine", engine, clock)
        router = Router(engine, layout, options, clock)
        router.ensure()
        files = certificates.Files(layout.router / "pki")
        context = ssl.create_default_context(cafile=str(files.root))
        yield Rig(router, engine, layout, options, context)
    finally:
        install.remove(engine, layout)
