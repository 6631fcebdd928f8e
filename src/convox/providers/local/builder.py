"""What makes an image from a folder: docker with buildx, docker with BuildKit, or the engine.

`choose` looks once for the best that the machine has. Values of build arguments reach the docker
command in its environment, never on its command line. Nothing here knows of apps or releases.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import IO, Any, Protocol, cast

from docker.utils import tar

from convox.core.errors import ConvoxError, FailedError
from convox.providers.local.build_output import Cleaner, Notes
from convox.providers.local.engine import Engine

_PLACES = ("/usr/local/bin", "/usr/bin")
_VERSION = re.compile(r"version (\d+)\.")
_NEEDS_BUILDX = 23
"""The first docker client that speaks BuildKit only through the buildx plugin."""
_KEPT_VARIABLES = ("PATH", "HOME", "DOCKER_CONFIG")
_RESERVED = re.compile(
    r"PATH|HOME|TMPDIR|(LD|DYLD|GLIBC|MALLOC|GO|DOCKER|BUILDX|BUILDKIT|SSL_CERT|XDG)_?.*"
)
_STOP_S = 5


@dataclass(frozen=True)
class ImageRequest:
    """One image to build."""

    context: Path
    dockerfile: Path
    """Inside of `context`."""
    tag: str
    labels: Mapping[str, str]
    args: Mapping[str, str] = field(default_factory=dict)
    """Build arguments that the Dockerfile declares."""
    target: str = ""
    no_cache: bool = False
    config: Path | None = None
    """A docker configuration folder with credentials of registries; None uses the machine's."""
    auths: Mapping[str, object] = field(default_factory=dict)
    """The same credentials in the engine's form."""


Write = Callable[[bytes], None]


class Builder(Protocol):
    """Builds images."""

    @property
    def description(self) -> str:
        """What it is, for the rack's log."""
        ...

    @property
    def notice(self) -> str:
        """What each build's log says of it; usually nothing."""
        ...

    def build(self, request: ImageRequest, write: Write, cancelled: Event) -> None:
        """Build an image, writing whole lines of output as they come.

        Raises:
            FailedError: it failed or was cancelled; why is one sentence.
        """
        ...


def reserved(names: Iterable[str]) -> list[str]:
    """Return the build arguments that cannot be passed by the environment of a docker command.

    They would change what that command runs or whom it trusts, on the rack's own machine.
    """
    return sorted(name for name in names if _RESERVED.fullmatch(name))


class DockerCommand:
    """The docker command, with BuildKit."""

    notice = ""

    def __init__(self, program: str, *, buildx: bool, address: str) -> None:
        self._program = program
        self._buildx = buildx
        self._address = address

    @property
    def description(self) -> str:
        """What it is, for the log."""
        return f"{self._program} buildx" if self._buildx else f"{self._program} with BuildKit"

    def build(self, request: ImageRequest, write: Write, cancelled: Event) -> None:
        """Build an image; see `Builder`."""
        if not Path(self._program).exists():
            raise FailedError(f"{self._program} is gone", fix="restart the rack")
        self._run(request, write, cancelled)

    def command(self, request: ImageRequest) -> list[str]:
        """Return the words of the command; no value of a build argument is among them."""
        # The default builder is the engine's own: its images are where containers start from.
        build = ["buildx", "build", "--builder=default", "--load"] if self._buildx else ["build"]
        words = [self._program, *build, "--progress=plain", f"--tag={request.tag}"]
        words.append(f"--file={request.dockerfile}")
        words += [f"--label={name}={value}" for name, value in request.labels.items()]
        words += [f"--build-arg={name}" for name in request.args]
        words += [f"--target={request.target}"] if request.target else []
        words += ["--no-cache"] if request.no_cache else []
        return [*_bound_to_us(), *words, str(request.context)]

    def environment(self, request: ImageRequest, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the command, with the values of build arguments."""
        env = {name: environ[name] for name in _KEPT_VARIABLES if name in environ}
        config = {"DOCKER_CONFIG": str(request.config)} if request.config else {}
        own = {
            "DOCKER_HOST": self._address,
            "DOCKER_BUILDKIT": "1",
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        }
        return {**request.args, **env, **config, **own}

    def _run(self, request: ImageRequest, write: Write, cancelled: Event) -> None:
        process = subprocess.Popen(
            self.command(request),
            env=self.environment(request, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            notes = _relay(_pieces(process, cancelled), write)
        finally:
            _end(process)
        if cancelled.is_set():
            raise FailedError("the build was stopped")
        if process.returncode != 0:
            raise FailedError(notes.sentence())


class ClassicBuilder:
    """The engine's own builder from before BuildKit."""

    description = "the engine's classic builder"
    notice = "Builder: the engine's classic one, no docker command here speaks BuildKit"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def build(self, request: ImageRequest, write: Write, cancelled: Event) -> None:
        """Build an image; see `Builder`."""
        options = {
            "t": request.tag,
            "dockerfile": request.dockerfile.relative_to(request.context).as_posix(),
            "labels": dict(request.labels),
            "buildargs": dict(request.args),
            "target": request.target,
            "nocache": request.no_cache,
            "rm": True,
            "forcerm": True,
        }
        context, notes = _packed(request), Notes()
        try:
            pieces = iter(lambda: context.read(65536), b"")
            output = self._engine.build(pieces, options, request.auths)
            _relay(_until(cancelled, output), write, notes)
        except ConvoxError as error:
            raise FailedError(notes.sentence(error.why or error.what)) from error
        finally:
            context.close()
        if cancelled.is_set():
            raise FailedError("the build was stopped")


def choose(engine: Engine, environ: Mapping[str, str]) -> Builder:
    """Return the best builder of this machine; runs each docker command on it once or twice."""
    programs = _programs(environ)
    address = engine.address
    for program in programs:
        if _output(program, "buildx", "version"):
            return DockerCommand(program, buildx=True, address=address)
    for program in programs:
        found = _VERSION.search(_output(program, "--version"))
        if found and int(found.group(1)) < _NEEDS_BUILDX:
            return DockerCommand(program, buildx=False, address=address)
    return ClassicBuilder(engine)


def _programs(environ: Mapping[str, str]) -> list[str]:
    folders = [folder for folder in environ.get("PATH", "").split(":") if folder.startswith("/")]
    found = (Path(folder) / "docker" for folder in (*folders, *_PLACES))
    usable = (path for path in found if path.is_file() and os.access(path, os.X_OK))
    return list(dict.fromkeys(str(path.resolve()) for path in usable))


def _output(*words: str) -> str:
    """Return what a command printed, or nothing if it failed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _bound_to_us() -> list[str]:
    """Return the words that make a command die with the thread that started it, where possible.

    A rack that is killed must not leave a build behind that tags an image nobody knows.
    """
    setpriv = shutil.which("setpriv", path="/usr/bin:/bin")
    return [setpriv, "--pdeathsig=KILL", "--"] if setpriv else []


def _pieces(process: subprocess.Popen[bytes], cancelled: Event) -> Iterator[bytes]:
    assert process.stdout is not None  # noqa: S101  it is a pipe
    descriptor = process.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not cancelled.is_set():
        if poll.poll(500):
            data = os.read(descriptor, 65536)
            if not data:
                process.wait()
                return
            yield data


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command, if it has not ended, and what it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
    if process.stdout is not None:
        process.stdout.close()


def _relay(output: Iterable[bytes], write: Write, notes: Notes | None = None) -> Notes:
    """Write output as lines, reading it for the reason of a failure."""
    notes, cleaner = notes or Notes(), Cleaner()
    try:
        for data in output:
            _relay_lines(cleaner.feed(data), write, notes)
    finally:
        _relay_lines(cleaner.finish(), write, notes)
    return notes


def _relay_lines(lines: bytes, write: Write, notes: Notes) -> None:
    if lines:
        notes.feed(lines)
        write(lines)


def _until(cancelled: Event, output: Iterable[str]) -> Iterator[bytes]:
    for text in output:
        if cancelled.is_set():
            return
        yield text.encode()


def _packed(request: ImageRequest) -> IO[bytes]:
    """Return the context as a tar in a temporary file, without what .dockerignore names."""
    ignore = request.context / ".dockerignore"
    patterns = ignore.read_text(errors="replace").splitlines() if ignore.is_file() else []
    kept = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    name = request.dockerfile.relative_to(request.context).as_posix()
    packed: Any = tar(request.context, exclude=kept, dockerfile=(name, None))
    return cast("IO[bytes]", packed)
