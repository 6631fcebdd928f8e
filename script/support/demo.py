"""`script/demo`: from a bare machine to the hello example over HTTPS, and all of it away again.

It only does what a user would: it runs the `convox` command and reads its settings, and fetches
the app through the router with the rack's certificate verified. Standard output is the app's URL,
the first line of its answer and what to try next; all else is progress on standard error. Taking
it all away is in clean.py.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

from script.support import clean, demo_full, engine, images, ports, settings, venv
from script.support.steps import ROOT, StopError, answer, main, run, say, step

CONVOX = venv.VENV / "bin" / "convox"
EXAMPLE = ROOT / "examples" / "hello"
RACK = "demo"
APP = "hello"
PORTS = {"Port": (443, 8443), "HttpPort": (80, 8080), "ApiPort": (5443, 15443)}
"""Option of `rack install local`: its default, and where to look when that is busy."""
FETCH_S = 20
DATASTORES = ("postgres:15", "redis:7")


def body(args: list[str]) -> int:
    """Carry out the command line."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__.splitlines()[0])
    parser.add_argument("--clean", action="store_true", help="take away all that the demo made")
    parser.add_argument("--full", action="store_true", help="examples/notes, and trouble, too")
    asked = parser.parse_args(args)
    if asked.clean:
        clean.everything(RACK)
        return 0
    point_at_rack()
    venv.ensure(venv.RUNTIME)
    engine.ensure()
    images.ensure(["python:3.11-slim", *(DATASTORES if asked.full else ())])
    install()
    deploy()
    show()
    if asked.full:
        sys.stdout.write("\n" + "\n".join(demo_full.everything()) + "\n")
    return 0


def point_at_rack() -> None:
    """Make every `convox` that this runs mean the demo's rack, whatever the user's own is."""
    for name in ("RACK_URL", "CONVOX_HOST", "CONVOX_PASSWORD"):
        os.environ.pop(name, None)
    os.environ["CONVOX_RACK"] = RACK


def install() -> None:
    """Install the rack; start it when it is there and does not answer."""
    if settings.host_of(RACK) and answer([CONVOX, "rack"], timeout_s=30)[0] == 0:
        return
    if settings.host_of(RACK) and settings.state_of(RACK).exists():
        with step(f"Starting the local rack {RACK}"):
            run([CONVOX, "rack", "start", "local", RACK])
        return
    with step(f"Installing the local rack {RACK}"):
        run([CONVOX, "rack", "install", "local", "--name", RACK, *free_ports()])


def free_ports() -> list[str]:
    """Options for the default ports that are busy; says who holds them."""
    options: list[str] = []
    taken: set[int] = set()
    for option, (default, start) in PORTS.items():
        if ports.is_free(default):
            continue
        port = ports.first_free(start, taken)
        taken.add(port)
        say(f"    port {default} is held by {ports.holder(default)}: using {option}={port}")
        options.append(f"{option}={port}")
    return options


def deploy() -> None:
    """Create the app and deploy the example, unless exactly that is running."""
    if answer([CONVOX, "apps", "info", APP])[0] != 0:
        run([CONVOX, "apps", "create", APP, "--wait"])
    mark = f"hello {fingerprint(EXAMPLE)}"
    if running(APP) == mark:
        return
    with step("Deploying examples/hello"):
        run([CONVOX, "deploy", EXAMPLE, "-a", APP, "-d", mark, "--wait"])


def fingerprint(folder: Path) -> str:
    """A short name of what a folder holds."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]


def running(name: str) -> str:
    """The description of the release of an app that serves, "" when there is none."""
    app = get(f"/apps/{name}")
    if app["status"] != "running" or not app["release"]:
        return ""
    return str(get(f"/apps/{name}/releases/{app['release']}")["description"])


def get(path: str) -> Any:
    """What the rack's API answers.

    Raises:
        StopError: with the command's own words when it fails.
    """
    code, out, err = answer([CONVOX, "api", "get", path])
    if code != 0:
        raise StopError(f"convox api get {path}: {err.strip()}")
    return json.loads(out)


def show() -> None:
    """Fetch the app and print its URL, its first line and what to try next."""
    domain = get(f"/apps/{APP}/services")[0]["domain"].split(":")[0]
    port = https_port()
    url = f"https://{domain}/" if port == 443 else f"https://{domain}:{port}/"
    with step(f"Fetching {url} with the rack's certificate verified"):
        line = fetch(domain, port, settings.authority_of(RACK))
    command = Path(os.path.relpath(CONVOX, Path.cwd()))
    other = "" if settings.host() == settings.host_of(RACK) else f" -r {RACK}"
    sys.stdout.write(
        f"{url}\n{line}\n\nNext:\n"
        f"  {command} ps -a {APP}{other}\n"
        f"  {command} logs -a {APP}{other}\n"
        f'  {command} run web "python3 --version" -a {APP}{other}\n'
    )


def https_port() -> int:
    """The port at which apps of the rack answer."""
    return int(get("/system")["parameters"].get("Port") or 443)


def fetch(domain: str, port: int, authority: str) -> str:
    """The first line of what the router answers for a domain; tries for FETCH_S seconds."""
    end = time.monotonic() + FETCH_S
    while True:
        try:
            status, text = exchange(domain, port, authority)
            if status == http.HTTPStatus.OK:
                return text.splitlines()[0]
            why = f"status {status}"
        except (OSError, http.client.HTTPException) as e:
            why = str(e)
        if time.monotonic() > end:
            raise StopError(f"https://{domain}:{port}/ does not answer: {why}")
        time.sleep(0.2)


def exchange(
    domain: str, port: int, authority: str, path: str = "/", form: str = ""
) -> tuple[int, str]:
    """One request, to loopback whatever the resolver thinks of the domain; a form is posted."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    connection = http.client.HTTPSConnection(domain, port, timeout=10)
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    try:
        connection.sock = context.wrap_socket(plain, server_hostname=domain)
        method = "POST" if form else "GET"
        connection.request(method, path, form or None, {"Connection": "close", **kind})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()
        plain.close()


if __name__ == "__main__":
    main(body)
