"""Runs one command line against a rack that answers what the test says."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convox.cli.main import run
from convox.cli.output import Output
from convox.core.clock import Clock
from tests.fakes.clocks import FastClock
from tests.fakes.wire_server import Answer, Asked, WireServer

OURS = {"version": "3.0.0", "name": "dev", "status": "running", "rack-domain": "localhost:5443"}
OK = Answer(body=b"ok\n")
MARKER = "F1E49A85-0AD7-4AEF-A618-C249C6E6568D"


class Terminal(io.BytesIO):
    """Output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def requests(self) -> list[str]:
        """`METHOD target body`, in order; a socket is `SOCKET target`."""
        lines = []
        for asked in self.asked:
            method = "SOCKET" if "upgrade" in asked.headers else asked.method
            body = asked.body.decode(errors="replace")
            lines.append(f"{method} {asked.target} {body}".strip())
        return lines


def as_answer(value: Any) -> Answer:
    if isinstance(value, Answer):
        return value
    return Answer(body=json.dumps(value).encode())


def stream(*chunks: bytes, end: bool = True) -> Answer:
    """A socket that sends `chunks` and, unless told, its end."""
    frames = [("text", chunk) for chunk in chunks]
    if end:
        frames.append(("binary", b""))
    return Answer(frames=tuple(frames), drop=not end)


def replies(answers: Mapping[str, Any]) -> Callable[[Asked], Answer]:
    """Answer `METHOD target`; a list is used up one by one, its last one stays."""
    left = {
        key: list(value) if isinstance(value, list) else [value] for key, value in answers.items()
    }

    def answer(asked: Asked) -> Answer:
        method = "SOCKET" if "upgrade" in asked.headers else asked.method
        queue = left.get(f"{method} {asked.target}")
        if queue is None and asked.target == "/system" and method == "GET":
            return as_answer(OURS)
        if queue is None:
            return Answer(404, f"not scripted: {method} {asked.target}\n".encode())
        return as_answer(queue.pop(0) if len(queue) > 1 else queue[0])

    return answer


def convox(
    *words: str,
    answers: Mapping[str, Any] | None = None,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
    terminal: bool = False,
    clock: Clock | None = None,
) -> Ran:
    """Run `words` against a rack with `answers`; lists of objects are given as tuples."""
    out = Terminal() if terminal else io.BytesIO()
    err = io.BytesIO()
    with (
        WireServer(replies(answers or {})) as server,
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as given,
    ):
        given.write(stdin)
        given.seek(0)
        env = {
            "CONVOX_CONFIG": f"{folder}/settings",
            "RACK_URL": server.url,
            "NO_COLOR": "1",
            **(environ or {}),
        }
        code = run(list(words), env, Output(out, err, env), clock or FastClock(), given)
    return Ran(code, out.getvalue().decode(), err.getvalue().decode(), server.asked)


def offline(*words: str, settings: Path, stdin: bytes = b"", **environ: str) -> Ran:
    """Run `words` with a settings directory and no rack."""
    out, err = io.BytesIO(), io.BytesIO()
    env = {"CONVOX_CONFIG": str(settings), "HOME": str(settings), **environ}
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        code = run(list(words), env, Output(out, err, env), FastClock(), given)
    return Ran(code, out.getvalue().decode(), err.getvalue().decode())


def typed(*words: str, settings: Path, answer: bytes) -> Ran:
    """Run `words` for a person who types `answer`."""
    out, err = io.BytesIO(), io.BytesIO()
    env = {"CONVOX_CONFIG": str(settings)}
    code = run(list(words), env, Output(out, err, env), FastClock(), Terminal(answer))
    return Ran(code, out.getvalue().decode(), err.getvalue().decode())
