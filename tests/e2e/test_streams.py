"""Open streams outlive the deploys of others, and the rack answers while they are open."""

import json
import socket
import ssl
import threading
import time
import uuid
from pathlib import Path

import pytest
from websockets.sync.client import connect

from bench.harness import wait_for
from convox.client.endpoint import Endpoint
from convox.client.socket import connect as open_socket
from convox.core.errors import UnavailableError
from tests.e2e.harness import Cli, write_app

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("e2e")]

_ECHO = (Path(__file__).parent / "pages" / "websocket_echo.py").read_text()


@pytest.fixture
def apps(cli: Cli, tmp_path: Path):
    """Two apps: one that is followed, one that is promoted again and again."""
    names = [f"s{uuid.uuid4().hex[:6]}" for _ in range(2)]
    for name, page in zip(names, (_ECHO, ""), strict=True):
        cli.ok("apps", "create", name)
        source = write_app(tmp_path / name, "other", page=page)
        cli.ok("deploy", str(source), "-a", name, "--wait")
    yield names
    for name in names:
        cli("apps", "delete", name, "--wait")


def endpoint(cli: Cli) -> Endpoint:
    saved = json.loads((cli.rack.home / "config" / "auth").read_text())
    password = next(iter(saved.values()))
    return Endpoint(f"https://convox:{password}@localhost:{cli.rack.api_port}", insecure=True)


def test_exec_logs_and_a_websocket_live_through_ten_promotes_of_another_app(cli: Cli, apps):
    followed, promoted = apps
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    pid = cli.ok("ps", "-a", followed).splitlines()[1].split()[0]
    shell = open_socket(
        endpoint(cli), f"/apps/{followed}/processes/{pid}/exec", {"Command": "cat", "Tty": "false"}
    )
    logs = open_socket(endpoint(cli), f"/apps/{followed}/logs", {"Prefix": "true"})
    lines: list[bytes] = []
    follower = threading.Thread(target=_read_all, args=(logs, lines))
    follower.start()
    host = f"{followed}-web.{cli.rack.name}.localhost"
    raw = socket.create_connection(("127.0.0.1", cli.rack.https_port))
    with connect(f"wss://{host}/", sock=raw, ssl=context, compression=None) as web:
        for number in range(10):
            cli.ok("env", "set", f"N={number}", "-a", promoted, "--promote", "--wait")
            web.send(f"m{number}")
            assert web.recv(timeout=10) == f"m{number}"
            shell.write(f"e{number}\n".encode())
            assert _until(shell, b"\n") == f"e{number}\n".encode()
    cli.ok("run", "web", "true", "-a", followed, "--detach")
    cli.ok("exec", pid, "sh -c 'echo still-following > /proc/1/fd/1'", "-a", followed)
    wait_for(lambda: b"still-following" in b"".join(lines), 20)
    shell.end()
    assert b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:0\n" in _rest(shell)
    shell.close()
    logs.close()
    follower.join(timeout=5)
    assert not follower.is_alive()


def test_apps_answers_while_two_hundred_followers_are_open(cli: Cli, apps):
    followed = apps[0]
    alone = _seconds(cli)
    sockets = [
        open_socket(endpoint(cli), f"/apps/{followed}/logs", {"Prefix": "true"}) for _ in range(200)
    ]
    try:
        crowded = _seconds(cli)
    finally:
        for each in sockets:
            each.close()
    assert crowded < alone * 5 + 0.5


def _seconds(cli: Cli) -> float:
    started = time.perf_counter()
    cli.ok("apps")
    return time.perf_counter() - started


def _read_all(stream, into: list[bytes]) -> None:
    try:
        while data := stream.read():
            into.append(data)
    except (OSError, UnavailableError):
        return


def _until(stream, mark: bytes) -> bytes:
    got = b""
    while mark not in got:
        got += stream.read()
    return got


def _rest(stream) -> bytes:
    got = b""
    while data := stream.read():
        got += data
    return got
