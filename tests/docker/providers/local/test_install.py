"""Installing, starting and removing a rack on this machine."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from convox.core.errors import ConflictError, InvalidError, NotFoundError
from convox.providers.local import daemon
from convox.providers.local.engine import Engine
from convox.providers.local.install import Installed, install, start, uninstall
from convox.providers.local.layout import LABEL_RACK, Layout, layout_of
from tests.docker.providers.local.rig import free_ports

pytestmark = pytest.mark.docker

NAME = f"in{os.getpid()}"
PASSWORD = "a-password-of-mine"


def ports() -> dict[str, str]:
    return dict(zip(("Port", "HttpPort", "ApiPort"), map(str, free_ports(3)), strict=True))


def silent(line: str) -> None:
    assert line


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for racks of these tests alone."""
    folder = tmp_path_factory.mktemp("racks")
    before = os.environ.get("CONVOX_STATE")
    os.environ["CONVOX_STATE"] = str(folder)
    yield folder
    del os.environ["CONVOX_STATE"]
    if before is not None:
        os.environ["CONVOX_STATE"] = before


@pytest.fixture(scope="module")
def options() -> dict[str, str]:
    return ports()


@pytest.fixture(scope="module")
def racks(state: Path) -> Iterator[list[Installed]]:
    """The rack that was installed last, if any; what is left of it is removed at the end."""
    made: list[Installed] = []
    yield made
    with suppress(NotFoundError):
        uninstall(NAME, silent)
    _reap()


@pytest.fixture
def installed(racks: list[Installed], options: Mapping[str, str]) -> Installed:
    """A rack that answers, whatever the test before did to it."""
    if not layout_of(NAME).database.exists():
        racks[:] = [install(NAME, {**options, "Password": PASSWORD}, silent)]
    start(NAME, silent)
    return racks[0]


@pytest.fixture
def layout(installed: Installed) -> Layout:
    return layout_of(installed.name)


def ask(made: Installed, path: str, password: str = "") -> tuple[int, bytes]:
    """Ask the API, trusting nothing but the certificate that was handed out."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=made.certificate_pem)
    host, _, port = made.host.partition(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=10, context=context)
    headers = {"Authorization": f"Basic {b64encode(f'convox:{password}'.encode()).decode()}"}
    try:
        connection.request("GET", path, headers=headers if password else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def left(name: str) -> list[str]:
    """What the engine has of a rack, of any kind."""
    found = []
    for listing in (["ps", "-aq"], ["network", "ls", "-q"], ["volume", "ls", "-q"]):
        found += _docker(*listing, "--filter", f"label={LABEL_RACK}={name}").split()
    return [*found, *_docker("image", "ls", "-q", f"convox/{name}/*").split()]


def test_the_api_answers_with_the_certificate_and_the_password(installed: Installed):
    assert ask(installed, "/apps", installed.password) == (200, b"[]\n")
    assert installed.password == PASSWORD
    assert installed.url == f"https://{installed.host}"


def test_another_password_opens_nothing(installed: Installed):
    assert ask(installed, "/apps", "another-password")[0] == 401
    assert ask(installed, "/apps")[0] == 401


def test_the_password_is_nowhere_on_disk(installed: Installed, layout: Layout):
    holding = [
        path.name
        for path in layout.root.rglob("*")
        if path.is_file() and PASSWORD.encode() in path.read_bytes()
    ]

    assert holding == []


def test_the_folder_is_for_its_owner_alone(layout: Layout):
    assert layout.root.stat().st_mode & 0o777 == 0o700


def test_the_process_answers_to_its_lock_and_hides_its_arguments(layout: Layout):
    pid = daemon.running(layout)

    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    assert words[1:] == [b"-P", b"-m", b"convox.server.local", NAME.encode(), b""]
    assert PASSWORD.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


def test_installing_it_again_is_refused_with_its_status(installed: Installed, layout: Layout):
    with pytest.raises(ConflictError, match="already installed") as caught:
        install(NAME, ports(), silent)

    assert f"runs as process {daemon.running(layout)}" in caught.value.why
    assert f"convox rack uninstall local {NAME}" in caught.value.fix


def test_a_busy_port_names_its_holder_and_leaves_nothing(
    installed: Installed, options: Mapping[str, str], state: Path
):
    with pytest.raises(ConflictError, match=f"port {options['Port']} is taken") as caught:
        install(f"{NAME}b", {**ports(), "Port": options["Port"]}, silent)

    assert "docker-proxy" in caught.value.why
    assert not (state / "racks" / f"{NAME}b").exists()


def test_a_port_that_a_process_holds_names_the_process(installed: Installed):
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(ConflictError) as caught:
            install(f"{NAME}b", {**ports(), "HttpPort": str(taken)}, silent)

    assert f"(process {os.getpid()})" in caught.value.why
    assert "HttpPort=" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("Upper", {}),
        (f"{NAME}b", {"Prt": "1"}),
        (f"{NAME}b", {"Password": "short"}),
        (f"{NAME}b", {"Cidr": "8.8.8.0/24"}),
    ],
    ids=["name", "unknown option", "short password", "public range"],
)
def test_what_is_not_allowed_is_refused_before_anything_is_made(
    state: Path, name: str, more: dict[str, str]
):
    with pytest.raises(InvalidError):
        install(name, {**ports(), **more}, silent)

    assert not (state / "racks" / name).exists()


def test_a_range_in_use_is_refused(installed: Installed):
    with pytest.raises(ConflictError, match="overlaps"):
        install(f"{NAME}b", {**ports(), "Cidr": "172.16.0.0/12"}, silent)


def test_a_failure_half_way_leaves_nothing(state: Path):
    def fail(line: str) -> None:
        if line == "starting the rack":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(f"{NAME}b", ports(), fail)

    assert left(f"{NAME}b") == []
    assert not (state / "racks" / f"{NAME}b").exists()


def test_a_second_process_of_a_rack_is_refused(installed: Installed, layout: Layout):
    command = [sys.executable, "-P", "-m", "convox.server.local", NAME]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"the rack {NAME} runs already" in done.stderr


def test_a_killed_rack_starts_again_with_what_it_had(installed: Installed, layout: Layout):
    pid = daemon.running(layout)
    os.kill(pid, signal.SIGKILL)
    _await_end(layout)

    with pytest.raises(ConflictError) as caught:
        install(NAME, ports(), silent)
    start(NAME, silent)

    assert caught.value.why == "it is stopped"
    assert f"convox rack start local {NAME}" in caught.value.fix
    assert daemon.running(layout) not in (0, pid)
    assert ask(installed, "/apps", installed.password) == (200, b"[]\n")


def test_a_rack_that_is_told_to_end_ends_cleanly(installed: Installed, layout: Layout):
    os.kill(daemon.running(layout), signal.SIGTERM)
    _await_end(layout)

    assert '"message": "stopped"' in layout.daemon_log.read_text()
    help = f"the rack does not answer, start it: convox rack start local {NAME}\n"
    assert ask(installed, "/check") == (503, help.encode())
    start(NAME, silent)


def test_starting_a_rack_that_runs_changes_nothing(installed: Installed, layout: Layout):
    before = daemon.running(layout)

    start(NAME, silent)

    assert daemon.running(layout) == before


def test_containers_of_the_rack_cannot_reach_its_api(installed: Installed, layout: Layout):
    engine = Engine()
    router = engine.containers(layout.labels("router"))[0]
    network = layout.network("probe")
    engine.network_create(network, "", layout.labels("network", "probe"))
    engine.connect(network, router.id)
    address = engine.inspect(router.id).addresses[network]
    try:
        said = _docker(
            "run", "--rm", "--network", network, "--label", f"{LABEL_RACK}={NAME}",
            "python:3.11-slim", "python3", "-c", _PROBE, address, check=False,
        )  # fmt: skip
    finally:
        engine.disconnect(network, router.id)
        engine.network_remove(network)

    assert said.splitlines() == ["5443 refused", "443 refused", "8080 refused", "80 open"]


def test_uninstalling_leaves_nothing(installed: Installed, layout: Layout, state: Path):
    pid = daemon.running(layout)

    uninstall(NAME, silent)

    assert left(NAME) == []
    assert not layout.root.exists()
    _reap()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(NotFoundError, match=f"no rack {NAME} on this machine"):
        uninstall(NAME, silent)


def test_half_a_rack_is_removed_too(state: Path):
    name = f"{NAME}h"
    layout = layout_of(name)
    layout.root.mkdir(parents=True)
    _docker("network", "create", "--label", f"{LABEL_RACK}={name}", f"convox.{name}.x")

    with pytest.raises(ConflictError, match="half of a rack"):
        install(name, ports(), silent)
    uninstall(name, silent)

    assert left(name) == []
    assert not layout.root.exists()


def test_things_of_a_rack_without_a_folder_are_named_and_removed(state: Path):
    name = f"{NAME}g"
    _docker("network", "create", "--label", f"{LABEL_RACK}={name}", f"convox.{name}.x")

    with pytest.raises(ConflictError, match="already has containers or networks"):
        install(name, ports(), silent)
    uninstall(name, silent)

    assert left(name) == []


def test_starting_what_is_not_installed_is_refused(state: Path):
    with pytest.raises(NotFoundError, match="no rack nobody"):
        start("nobody", silent)


def test_a_dead_engine_is_said_with_how_to_start_it(
    state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    script = (
        "from convox.providers.local import install as i\n"
        "from convox.providers.local.engine import Engine\n"
        f"i.Engine = lambda: Engine('unix://{tmp_path}/none.sock')\n"
        "try: i.install('x', {}, print)\n"
        "except Exception as e: print(type(e).__name__, e, e.fix)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.stdout.startswith("UnavailableError the Docker engine does not answer")
    assert "systemctl start docker" in done.stdout


_PROBE = """
import socket, sys
for port in (5443, 443, 8080, 80):
    try:
        socket.create_connection((sys.argv[1], port), 5).close()
        print(port, "open")
    except ConnectionRefusedError:
        print(port, "refused")
"""


def _docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return (done.stdout if check else done.stdout + done.stderr).strip()


def _await_end(layout: Layout) -> None:
    deadline = time.monotonic() + 15
    while daemon.running(layout):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    _reap()


def _reap() -> None:
    """Take note of children that ended, as a shell does after `convox` is done."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
