"""The existing client's recorded runs, replayed: our CLI is given what its rack answered.

Each recording has to give the same words on stdout and stderr, the same exit code, the same
settings, and equivalent requests: method, path, query, form, option headers, kind of body, frames.
What differs on purpose is in DIFFERENCES, argued; docs/parity.md says the same for people.

General rules of comparison, each because both ways mean the same to a rack:
- a bare `?` at the end of a path, and which names are put raw into it, do not count;
- `GET /racks` before a socket is a probe whose answer the existing client ignores; ours asks for a
  session only when the socket is refused;
- of a GET that is repeated only the first counts: how often a state is looked at, and whether a
  thing that is known is read again, is our own pace;
- of log sockets that a wait opens again and again only the first counts.
"""

from __future__ import annotations

import base64
import io
import json
import re
import ssl
import tarfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from convox import __version__
from convox.cli.main import run
from convox.cli.output import Output
from tests.fakes.certificates import self_signed
from tests.fakes.clocks import FastClock
from tests.fakes.wire_server import Answer, Asked, WireServer

FIXTURE = Path(__file__).parents[1] / "fixtures" / "client-transcripts.jsonl"
TRANSCRIPTS: list[dict[str, Any]] = [json.loads(line) for line in FIXTURE.read_text().splitlines()]
RACK, CONSOLE = "127.0.0.1:5901", "127.0.0.1:5902"
OPTIONS = {"command", "entrypoint", "environment", "filter", "follow", "height", "image", "memory"}
OPTIONS |= {"prefix", "rack", "release", "since", "tty", "volumes", "width", "authorization"}
RANDOM_KEY = re.compile(r"tmp/[0-9a-f]{30}")
RELATIVE = re.compile(r"\d+ [a-z]+ (ago|from now) *")

NOT_YET: dict[str, str] = {}
"""Commands in the recordings that our CLI does not have yet, with what is missing."""

OTHER_TESTS = {
    "proxy 5990:db.internal:5432": "runs until it is killed: tests/unit/cli/nouns/test_proxy.py",
}
"""Recordings that are replayed elsewhere."""


@dataclass(frozen=True)
class Difference:
    """What ours does otherwise, and why that is better."""

    why: str
    stdout: tuple[str, str] = ("", "")
    """Recorded text and ours."""
    stderr: tuple[str, str] = ("", "")
    extra: tuple[str, ...] = ()
    """Requests that ours sends and the existing client does not."""


PACE = Difference(
    why="a wait asks once whether the rack answers from a cache, and then looks at that pace; "
    "a line of a log that is followed again is printed once",
    extra=("GET /system",),
)
DIFFERENCES: dict[str, Difference] = {
    "version": Difference(
        why="ours says its own version; the existing client was never stamped with one",
        stdout=("client: dev", f"client: {__version__}"),
    ),
    "login 127.0.0.1:1 -p x": Difference(
        why="a host that does not answer is not a wrong password: the cause is added",
        stderr=(
            "ERROR: invalid login",
            "ERROR: invalid login: cannot connect to 127.0.0.1:1: connection refused",
        ),
    ),
    "rack wait": PACE,
    "apps wait": PACE,
    "apps delete gone --wait": PACE,
    "apps import -a fresh -f app.tgz": PACE,
    "deploy --wait": PACE,
    "releases promote RAAAAAAAAAA --wait": PACE,
    "test --release RAAAAAAAAAA": PACE,
}


def name_of(transcript: dict[str, Any]) -> str:
    return " ".join(transcript["command"])


def binary(recorded: Any) -> bytes:
    """Bytes as they were recorded; of long ones only the beginning was kept."""
    if isinstance(recorded, dict):
        data = base64.b64decode(recorded["base64"])
        return data + bytes(recorded["bytes"] - len(data))
    return str(recorded).encode()


def normal_target(target: str) -> str:
    return RANDOM_KEY.sub("tmp/RANDOM", target.removesuffix("?"))


def kind_of(body: bytes, media: str) -> str:
    if not body:
        return "empty"
    if media == "application/x-www-form-urlencoded":
        return RANDOM_KEY.sub("tmp/RANDOM", body.decode())
    if body.startswith(b"\x1f\x8b"):
        return "gzip"
    if body[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return f"tar {[name.lstrip('/') for name in archive.getnames()]}"
    return repr(body)


def summary(
    method: str, target: str, headers: dict[str, str], body: bytes, frames: list[Any] | None
) -> str:
    """One line that is equal for equivalent requests."""
    options = {k: v for k, v in sorted(headers.items()) if k in OPTIONS}
    if frames is not None:
        return f"SOCKET {target} {options} {frames}"
    return f"{method} {normal_target(target)} {options} {kind_of(body, headers['content-type'])}"


def recorded_summaries(transcript: dict[str, Any]) -> list[str]:
    lines = []
    for request in transcript["requests"]:
        headers = {name.lower(): value for name, value in request["headers"].items()}
        frames = None
        if request.get("socket"):
            frames = [(kind, binary(data)) for kind, data in request.get("received", [])]
        body = binary(request.get("body") or "")
        lines.append(summary(request["method"], request["path"], headers, body, frames))
    return lines


def asked_summaries(asked: list[Asked]) -> list[str]:
    lines = []
    for request in asked:
        frames = request.frames if "upgrade" in request.headers else None
        lines.append(summary(request.method, request.target, request.headers, request.body, frames))
    return lines


def essential(lines: list[str], *, sockets: bool) -> list[str]:
    """Requests that count, by the rules on top; sockets apart, as they run beside the others."""
    kept: list[str] = []
    for line in lines:
        if line.startswith("SOCKET") != sockets or (line in kept and "POST" not in line):
            continue
        if line.startswith("GET /racks {") and any(other.startswith("SOCKET") for other in lines):
            continue
        kept.append(line)
    return sorted(kept) if sockets else kept


class Script:
    """Answers each request with what was recorded for it, the last answer again and again."""

    def __init__(self, transcript: dict[str, Any]) -> None:
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        for request in transcript["requests"]:
            key = self._key(request["method"], request["path"], socket="socket" in request)
            if "socket" not in request or "sent" in request:
                self._answers[key].append(self._answer(request))

    def __call__(self, asked: Asked) -> Answer:
        key = self._key(asked.method, asked.target, socket="upgrade" in asked.headers)
        answers = self._answers.get(key, [])
        if not answers:
            if asked.target == "/system":
                return Answer(body=b'{"version": "20991231000000"}')
            return Answer(500, f"not recorded: {key}".encode())
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _key(self, method: str, target: str, *, socket: bool) -> str:
        return f"{'SOCKET' if socket else method} {normal_target(target)}"

    def _answer(self, request: dict[str, Any]) -> Answer:
        if "sent" in request:
            frames = tuple((kind, binary(data)) for kind, data in request["sent"])
            return Answer(frames=frames, after_end=bool(request["received"]))
        if "/files?file=" in request["path"]:
            return Answer(body=tar_with("etc/motd", b"hello\n"))
        return Answer(request["status"], binary(request["answer"]))


def tar_with(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def exported_app() -> bytes:
    """The archive that the recording of `apps export` left for that of `apps import`."""
    out = io.BytesIO()
    app = {"generation": "2", "name": "hello", "parameters": {"LogRetention": "7", "Isolate": "No"}}
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        parts = {"app.json": json.dumps(app).encode(), "env": b"BAR=baz=1\nFOO=bar"}
        parts["build.tgz"] = b"\x1f\x8b build"
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that the recordings were made in."""
    folder = tmp_path / "hello"
    (folder / "ddir").mkdir(parents=True)
    (folder / "ddir" / "a").write_text("a\n")
    (folder / "file.txt").write_text("file\n")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "convox.yml").write_text("services:\n  web:\n    build: .\n")
    for name in ("pub", "key", "chain"):
        title = name.upper()
        text = f"-----BEGIN {title}-----\nAAAA\n-----END {title}-----\n"
        (folder / f"{name}.pem").write_text(text)
    (folder / "build.tgz").write_bytes(b"\x1f\x8b build")
    (folder / "app.tgz").write_bytes(exported_app())
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "FOO=new\\nEDITED=1\\n" > "$1"\n')
    editor.chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


def settings_before(number: int) -> dict[str, str]:
    if TRANSCRIPTS[number].get("settings_after") == {}:
        return {}
    return TRANSCRIPTS[number - 1].get("settings_after", {}) if number else {}


def renamed(value: Any, rack: str, console: str) -> Any:
    text = json.dumps(value).replace(RACK, rack).replace(CONSOLE, console)
    return json.loads(text)


def tls_server() -> tuple[ssl.SSLContext, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path, pem = self_signed("127.0.0.1")
    context.load_cert_chain(path)
    return context, pem


def words(text: str) -> str:
    """Text without what depends on the day, and without repeated lines of a log."""
    once = list(dict.fromkeys(text.split("\n")))
    lines = once if "system/local/dev" in text else text.split("\n")
    if RELATIVE.search(text):
        lines = [RELATIVE.sub("TIME ", re.sub("  +", " ", line)) for line in lines]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "number",
    range(len(TRANSCRIPTS)),
    ids=[f"{i + 1} {name_of(t)}" for i, t in enumerate(TRANSCRIPTS)],
)
def test_our_cli_does_as_recorded(number: int, folder: Path, tmp_path: Path) -> None:
    name = name_of(TRANSCRIPTS[number])
    if name in NOT_YET or name in OTHER_TESTS:
        pytest.skip(NOT_YET.get(name) or OTHER_TESTS[name])
    world = World(number, tmp_path)

    code, out, err = world.run()

    transcript = world.transcript
    difference = DIFFERENCES.get(name, Difference(""))
    assert words(err) == words(transcript["stderr"].replace(*difference.stderr))
    assert words(out) == words(transcript["stdout"].replace(*difference.stdout))
    assert code == transcript["exit"]
    compare_requests(transcript, world.server.asked, difference)
    if "settings_after" in transcript:
        assert world.settings_after() == transcript["settings_after"]


class World:
    """The server, the settings, the environment and the input of one recording."""

    def __init__(self, number: int, tmp_path: Path) -> None:
        recorded = TRANSCRIPTS[number]
        environ = recorded.get("environment", {})
        secure = "environment" in recorded and "RACK_URL" not in environ
        context, pem = tls_server() if secure else (None, "")
        self.server = WireServer(Script(recorded), context)
        console = self.server.host if secure else CONSOLE
        self.transcript = renamed(recorded, self.server.host, console)
        self.settings = tmp_path / "settings"
        self.settings.mkdir()
        for name, text in renamed(settings_before(number), self.server.host, console).items():
            (self.settings / name).write_text(text)
        if secure:
            pins = json.dumps({self.server.host: pem})
            (self.settings / "certificates").write_text(pins)
        self.environ = {
            "CONVOX_CONFIG": str(self.settings),
            "EDITOR": str(tmp_path / "editor"),
            **self.transcript.get("environment", {"RACK_URL": self.server.url}),
        }
        self.stdin = tmp_path / "stdin"
        self.stdin.write_text(recorded.get("stdin") or "")

    def run(self) -> tuple[int, str, str]:
        out, err = io.BytesIO(), io.BytesIO()
        with self.server, self.stdin.open("rb") as file:
            output = Output(out, err, self.environ)
            code = run(self.transcript["command"], self.environ, output, FastClock(), file)
        return code, out.getvalue().decode(), err.getvalue().decode()

    def settings_after(self) -> dict[str, str]:
        """The files without our pins, which the existing client does not have."""
        return {p.name: p.read_text() for p in self.settings.iterdir() if p.name != "certificates"}


def compare_requests(
    transcript: dict[str, Any], asked: list[Asked], difference: Difference
) -> None:
    recorded = recorded_summaries(transcript)
    ours = asked_summaries(asked)
    for sockets in (False, True):
        expected = essential(recorded, sockets=sockets)
        sent = essential(ours, sockets=sockets)
        if not sockets:
            sent = [
                line
                for line in sent
                if line in expected or not line.startswith(difference.extra or ("never",))
            ]
        assert sent == expected


def test_every_listed_exception_is_of_a_recording() -> None:
    recorded = {name_of(transcript) for transcript in TRANSCRIPTS}

    assert {*NOT_YET, *OTHER_TESTS, *DIFFERENCES} <= recorded
    assert all(difference.why for difference in DIFFERENCES.values())


def test_the_fixture_is_whole() -> None:
    assert len(TRANSCRIPTS) == 145
