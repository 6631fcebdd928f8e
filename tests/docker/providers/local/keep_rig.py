"""A rack with an app that keeps something, to be backed up and destroyed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import BenchRack, rack, wait_for
from tests.docker.conftest import docker
from tests.e2e.harness import Cli, write_app

MANIFEST = """\
services:
  web:
    port: 3000
    environment:
      - GREETING=
    volumes:
      - /data
"""
PAGE = """\
import http.server, os, pathlib
store = pathlib.Path("/data/kept")
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/put/"):
            store.write_text(self.path[5:])
        text = (store.read_text() if store.exists() else "-") + " " + os.environ.get("GREETING", "")
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
http.server.HTTPServer(("", 3000), Page).serve_forever()
"""


@contextmanager
def keeping(tmp_path: Path) -> Iterator[tuple[BenchRack, Cli]]:
    """A rack with an app that has a volume and an env."""
    with rack(f"keep{os.getpid() % 10000}") as made:
        cli = Cli(made, tmp_path)
        source = write_app(tmp_path / "source", "", manifest=MANIFEST, page=PAGE)
        cli.ok("apps", "create", "shop", "--wait")
        cli.ok("env", "set", "GREETING=hello", "-a", "shop")
        cli.ok("deploy", str(source), "-a", "shop", "--wait", timeout_s=300)
        wait_for(lambda: made.get("shop", path="/put/treasure")[0] == 200, 20)
        yield made, cli


def destroy(made: BenchRack, cli: Cli) -> None:
    """Lose everything of the rack: folder, containers, networks, volumes, images."""
    cli.ok("rack", "uninstall", "local", made.name, "--force")
    assert docker("volume", "ls", "-q", "--filter", f"label=convox.rack={made.name}") == ""
