from __future__ import annotations

import os
import tarfile
import time
from pathlib import Path
from threading import Event, Timer

import pytest

from convox.core.errors import FailedError, UnavailableError
from convox.providers.local.builder import (
    ClassicBuilder,
    DockerCommand,
    ImageRequest,
    choose,
    reserved,
)
from tests.fakes.engine import FakeEngine

OLD = 'case "$1" in --version) echo "Docker version 20.10.24, build x";; *) exit 1;; esac'
NEW = 'case "$1" in --version) echo "Docker version 28.2.2, build x";; *) exit 1;; esac'
BUILDX = 'case "$1" in buildx) echo v0.20;; *) echo "Docker version 28.2.2, build x";; esac'


def program(folder: Path, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def request(folder: Path, **options) -> ImageRequest:
    folder.mkdir(parents=True, exist_ok=True)
    dockerfile = folder / "Dockerfile"
    if not dockerfile.exists():
        dockerfile.write_text("FROM scratch\n")
    return ImageRequest(folder, dockerfile, "app:web.B1", {"convox.app": "app"}, **options)


def run(path: Path, wanted: ImageRequest, cancelled: Event | None = None) -> str:
    written: list[bytes] = []
    command = DockerCommand(str(path), buildx=False, address="unix:///x.sock")
    command.build(wanted, written.append, cancelled or Event())
    return b"".join(written).decode()


def chosen(*folders: Path) -> str:
    return choose(FakeEngine(), {"PATH": ":".join(map(str, folders))}).description


def test_buildx_is_preferred_wherever_it_is_on_the_path(tmp_path):
    old, buildx = program(tmp_path / "a", OLD), program(tmp_path / "b", BUILDX)

    assert chosen(old.parent, buildx.parent) == f"{buildx} buildx"


def test_an_old_client_behind_a_new_one_is_found(tmp_path):
    new, old = program(tmp_path / "a", NEW), program(tmp_path / "b", OLD)

    assert chosen(new.parent, old.parent) == f"{old} with BuildKit"


def test_programs_that_hang_or_are_none_are_passed_over(tmp_path):
    folder = tmp_path / "a"
    program(folder, "exit 3")
    (tmp_path / "b" / "docker").mkdir(parents=True)
    old = program(tmp_path / "c", OLD)

    assert chosen(folder, tmp_path / "b", old.parent) == f"{old} with BuildKit"


def test_no_value_of_an_argument_is_on_the_command_line(tmp_path):
    command = DockerCommand("/usr/bin/docker", buildx=False, address="unix:///x.sock")
    wanted = request(tmp_path, args={"TOKEN": "s3cret"}, target="development", no_cache=True)

    words = command.command(wanted)

    assert "s3cret" not in " ".join(words)
    start = words.index("/usr/bin/docker")
    assert words[start:] == [
        "/usr/bin/docker",
        "build",
        "--progress=plain",
        "--tag=app:web.B1",
        f"--file={tmp_path}/Dockerfile",
        "--label=convox.app=app",
        "--build-arg=TOKEN",
        "--target=development",
        "--no-cache",
        str(tmp_path),
    ]
    assert command.environment(wanted, {})["TOKEN"] == "s3cret"


def test_buildx_builds_where_containers_start_from(tmp_path):
    command = DockerCommand("/usr/bin/docker", buildx=True, address="unix:///x.sock")

    words = command.command(request(tmp_path))

    assert words[words.index("/usr/bin/docker") + 1 :][:4] == [
        "buildx",
        "build",
        "--builder=default",
        "--load",
    ]


def test_the_command_gets_little_of_the_racks_environment_and_none_is_replaced(tmp_path):
    command = DockerCommand("docker", buildx=False, address="unix:///x.sock")
    wanted = request(tmp_path, args={"DOCKER_HOST": "evil", "A": "1"}, config=tmp_path / "c")

    env = command.environment(wanted, {"PATH": "/bin", "HOME": "/h", "SECRET": "x"})

    assert env == {
        "A": "1",
        "PATH": "/bin",
        "HOME": "/h",
        "DOCKER_CONFIG": str(tmp_path / "c"),
        "DOCKER_HOST": "unix:///x.sock",
        "DOCKER_BUILDKIT": "1",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
    }


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "DOCKER_HOST", "BUILDKIT_HOST", "GODEBUG",
     "GLIBC_TUNABLES", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR", "XDG_CONFIG_HOME"],
)  # fmt: skip
def test_arguments_that_would_change_the_command_are_reserved(name):
    assert reserved([name]) == [name]


@pytest.mark.parametrize("name", ["GIT_SHA", "PATHNAME", "OLD_PATH", "HTTP_PROXY", "NODE_ENV"])
def test_other_arguments_are_not(name):
    assert reserved([name]) == []


def test_output_comes_as_clean_whole_lines(tmp_path):
    path = program(tmp_path, r"printf '\033[31mone\033[0m\ntwo' ; echo three >&2")

    assert run(path, request(tmp_path / "src")) == "one\ntwothree\n"


def test_output_comes_while_the_command_runs(tmp_path):
    path = program(tmp_path, "echo first; read line < $1; echo second")
    written: list[bytes] = []
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    path.write_text(f"#!/bin/sh\necho first\nread line < {fifo}\necho second\n")

    def write(data: bytes) -> None:
        written.append(data)
        if data == b"first\n":
            fifo.write_text("go\n")

    command = DockerCommand(str(path), buildx=False, address="x")
    command.build(request(tmp_path / "src"), write, Event())

    assert written == [b"first\n", b"second\n"]


def test_a_failure_says_why(tmp_path):
    path = program(tmp_path, 'echo "failed to solve: no such thing"; exit 1')

    with pytest.raises(FailedError, match=r"^no such thing$"):
        run(path, request(tmp_path / "src"))


def test_a_program_that_went_away_is_named(tmp_path):
    with pytest.raises(FailedError, match="nope is gone") as failed:
        run(tmp_path / "nope", request(tmp_path / "src"))

    assert failed.value.fix == "restart the rack"


def test_a_build_that_is_stopped_leaves_no_process(tmp_path):
    path = program(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 600")
    cancelled = Event()
    Timer(0.3, cancelled.set).start()
    began = time.monotonic()

    with pytest.raises(FailedError, match="the build was stopped"):
        run(path, request(tmp_path / "src"), cancelled)

    assert time.monotonic() - began < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


class ClassicEngine:
    """An engine whose classic builder does what a test says."""

    def __init__(self, output, error=None):
        self._output = output
        self._error = error

    def build(self, context, options, auths):
        self.options, self.auths = options, auths
        with tarfile.open(fileobj=_Joined(context), mode="r|") as archive:
            self.names = sorted(member.name for member in archive)
        yield from self._output
        if self._error is not None:
            raise self._error


class _Joined:
    def __init__(self, pieces):
        self._data = b"".join(pieces)

    def read(self, size):
        data, self._data = self._data[:size], self._data[size:]
        return data


def test_the_classic_builder_sends_what_dockerignore_leaves(tmp_path):
    for name in ("app.py", "notes.md", "README.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".dockerignore").write_text("# text\n*.md\n!README.md\nDockerfile\n")
    engine = ClassicEngine(["Step 1/1 : FROM a\n"])
    written: list[bytes] = []

    ClassicBuilder(engine).build(request(tmp_path, args={"A": "1"}), written.append, Event())

    assert engine.names == [".dockerignore", "Dockerfile", "README.md", "app.py"]
    assert engine.options["buildargs"] == {"A": "1"}
    assert engine.options["labels"] == {"convox.app": "app"}
    assert written == [b"Step 1/1 : FROM a\n"]


def test_the_classic_builder_says_which_step_failed(tmp_path):
    why = "The command '/bin/sh -c exit 3' returned a non-zero code: 3"
    engine = ClassicEngine(["Step 1/1 : RUN exit 3\n", "hello\n"], FailedError("x", why=why))

    with pytest.raises(FailedError, match='step "RUN exit 3" ended with exit code 3') as failed:
        ClassicBuilder(engine).build(request(tmp_path), lambda data: None, Event())

    assert failed.value.what.endswith("it printed: hello")


def test_the_classic_builder_can_be_stopped(tmp_path):
    cancelled = Event()
    cancelled.set()

    with pytest.raises(FailedError, match="the build was stopped"):
        ClassicBuilder(ClassicEngine(["x"])).build(request(tmp_path), lambda data: None, cancelled)


def test_a_dead_engine_is_said_by_the_classic_builder_too(tmp_path):
    engine = ClassicEngine([], UnavailableError("the Docker engine does not answer at x"))

    with pytest.raises(FailedError, match="the Docker engine does not answer"):
        ClassicBuilder(engine).build(request(tmp_path), lambda data: None, Event())
