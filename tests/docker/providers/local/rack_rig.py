"""A whole local rack without its HTTP server, apps that misbehave on request, and a visitor."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from convox.api.types import (
    App,
    AppCreateOptions,
    Build,
    LogsOptions,
    Process,
    ProcessListOptions,
    Release,
    ReleaseCreateOptions,
    ReleasePromoteOptions,
)
from convox.core.clock import SystemClock
from convox.core.errors import ConvoxError
from convox.core.ids import build_id
from convox.providers.local import certificates, install
from convox.providers.local.engine import Engine
from convox.providers.local.image_copy import copy_image
from convox.providers.local.layout import LABEL_BUILD, Layout
from convox.providers.local.options import RackOptions
from convox.providers.local.rack import LocalRack, open_rack
from tests.docker.providers.local.rig import free_ports
from tests.docker.providers.local.upstreams import Client

IMAGE = "python:3.11-slim"

WEB = """
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
mode = os.environ.get("MODE", "")
print("mode", mode, flush=True)
if mode == "exit":
    print("cannot find the config", flush=True)
    sys.exit(3)
class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        path = self.path
        if path == "/crash":
            os._exit(4)
        if path.startswith("/slow"):
            time.sleep(float(path.partition("=")[2] or 10))
        if path == "/ill":
            globals()["mode"] = "never"
        text = os.environ["RELEASE"] + " " + os.uname().nodename + " " + os.environ.get("TEXT", "")
        body = text.encode()
        self.send_response(503 if mode == "never" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
ThreadingHTTPServer(("0.0.0.0", 3000), Page).serve_forever()
"""


def manifest(services: dict[str, dict[str, object]] | None = None) -> str:
    """Return a manifest whose services run the page; a value overrides or adds a key."""
    found = {}
    for name, changes in (services or {"web": {}}).items():
        page = {
            "image": IMAGE,
            "command": ["python3", "-c", WEB],
            "port": 3000,
            "environment": ["MODE=", "TEXT="],
            "drain": 2,
            "health": {"grace": 2, "interval": 1, "timeout": 1},
            "scale": {"cpu": 128, "memory": 64},
            "termination": {"grace": 5},
        }
        both = {**page, **changes}
        found[name] = {key: value for key, value in both.items() if value is not None}
    return json.dumps({"services": found}, indent=1)


class Bench:
    """The rack under test; `again` is a rack process that was killed and started."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(
            folder / "racks" / "r", f"t{os.getpid() % 10000}{secrets.token_hex(2)}"
        )
        self.engine = Engine()
        self.clock = SystemClock()
        wanted = RackOptions(*free_ports(3))
        self.options = install.prepare(
            self.layout, wanted, "a-password-of-mine", self.engine, self.clock
        )
        files = certificates.Files(self.layout.router / "pki")
        self.tls: ssl.SSLContext = ssl.create_default_context(cafile=str(files.root))
        self.rack: LocalRack = open_rack(self.layout, self.clock, self.engine)
        self.rack.start()

    def again(self, *, before: Callable[[], None] = lambda: None) -> None:
        """Stop the rack, do something, and start it on the same folder."""
        self.rack.stop()
        before()
        self.again_from_stopped()

    def again_from_stopped(self) -> None:
        """Start a rack on the same folder."""
        self.rack = open_rack(self.layout, self.clock, Engine())
        self.rack.start()

    def close(self) -> None:
        self.rack.stop()
        install.remove(self.engine, self.layout)

    # What a person does

    def create(self, name: str) -> None:
        self.rack.app_create(AppCreateOptions(name=name))

    def release(self, app: str, text: str = "", env: str = "") -> Release:
        """Put a build there as if it had been built, and return its release."""
        text = text or manifest()
        id = build_id()
        self.rack.store.builds.insert(
            Build(id=id, app=app, status="complete", manifest=text, started=self.clock.now())
        )
        for name in json.loads(text)["services"]:
            labels = {**self.layout.labels("image", app), LABEL_BUILD: id}
            copy_image(self.engine, IMAGE, self.layout.image(app, name, id), labels)
        return self.rack.release_create(app, ReleaseCreateOptions(build=id, env=env or None))

    def promote(self, app: str, release: Release, **options: object) -> None:
        self.rack.release_promote(app, release.id, ReleasePromoteOptions(**options))  # type: ignore[arg-type]

    def deploy(self, app: str, text: str = "", env: str = "") -> Release:
        """Release, promote, wait; the end may be a failure."""
        release = self.release(app, text, env)
        self.promote(app, release)
        self.settled(app)
        return release

    def settled(self, app: str, limit_s: float = 60) -> App:
        """Wait until an app is not updating; return it."""
        wait_for(lambda: self.rack.app_get(app).status == "running", limit_s, self.log_of(app))
        return self.rack.app_get(app)

    # What a visitor sees

    def get(
        self, app: str, path: str = "/", service: str = "web", host: str = ""
    ) -> tuple[int, str]:
        name = host or self.layout.host(app, service)
        client = Client(name, self.options.port, self.tls, 30 if path.startswith("/slow") else 4)
        try:
            answer = client.ask(path, Connection="close")
            return answer.status, answer.body.decode()
        finally:
            client.close()

    def answers(self, app: str, release: Release, limit_s: float = 20) -> None:
        """Wait until a release answers."""
        wait_for(lambda: self.get(app)[1].startswith(release.id), limit_s, self.log_of(app))

    # What an operator sees

    def ps(self, app: str) -> list[Process]:
        return list(self.rack.process_list(app, ProcessListOptions()))

    def log_of(self, app: str) -> Callable[[], str]:
        return lambda: self.log(app)

    def log(self, app: str) -> str:
        lines: list[bytes] = []
        options = LogsOptions(follow=False, prefix=True)
        detach = self.rack.app_logs(app, options).attach(
            lambda data: lines.append(data) if data else None
        )
        detach()
        return b"".join(lines).decode()

    def containers(self, app: str) -> list[str]:
        return [c.id for c in self.engine.containers(self.layout.labels("service", app))]


def wait_for(
    condition: Callable[[], bool], limit_s: float = 20, explain: Callable[[], str] = lambda: ""
) -> None:
    """Wait until a condition holds; errors on the way do not count."""
    deadline = time.monotonic() + limit_s
    last = ""
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (ConvoxError, OSError) as error:
            last = repr(error)
        time.sleep(0.05)
    raise AssertionError(f"not within {limit_s} s: {last}\n{explain()}")


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Run a rack, and remove all of it at the end."""
    made = Bench(folder)
    try:
        yield made
    finally:
        made.close()
