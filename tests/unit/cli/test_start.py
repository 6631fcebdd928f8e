"""Start-up is a promise: what each class of commands may load, and what it costs beside python."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.fakes.wire_server import Answer, WireServer

LIST = """
import sys
before = set(sys.modules)
sys.argv = ["convox", *{words!r}]
from convox.cli.main import main
code = main()
print(repr((code, sorted(set(sys.modules) - before))), file=sys.stderr)
"""
CORE = {
    "__future__",
    "convox",
    "convox.cli",
    "convox.cli.commands",
    "convox.cli.context",
    "convox.cli.flags",
    "convox.cli.main",
    "convox.cli.nouns",
    "convox.cli.output",
    "convox.cli.requests",
    "convox.cli.settings",
    "convox.core",
    "convox.core.errors",
}
ALWAYS = {"os", "os.path", "posixpath", "genericpath", "stat", "_stat", "_collections_abc"}
"""What every interpreter loads for `site`, which the tests leave out."""
HEAVY = {
    "argparse",
    "asyncio",
    "aiohttp",
    "convox.api",
    "dataclasses",
    "email",
    "http",
    "inspect",
    "logging",
    "pathlib",
    "subprocess",
    "tempfile",
    "typing",
    "urllib",
    "websockets",
    "yaml",
}
"""Whole families that a plain listing has no use for."""


def loaded(*words: str, **environ: str) -> set[str]:
    env = {**os.environ, "CONVOX_CONFIG": "/nonexistent", **environ}
    command = [sys.executable, "-IS", "-c", LIST.format(words=list(words))]
    code = f"import sys; sys.path += {[p for p in sys.path if p]!r}\n"
    command[-1] = code + command[-1]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    status, modules = eval(ran.stderr.strip().splitlines()[-1])
    assert status == 0, ran.stderr
    return set(modules) - ALWAYS


def test_version_without_a_rack_loads_nothing_but_itself() -> None:
    assert loaded("version") == CORE | {"convox.cli.nouns.version"}


def test_help_loads_nothing_but_itself() -> None:
    assert loaded("help") == CORE | {"convox.cli.nouns.help"}


@pytest.mark.parametrize("words", [("apps",), ("apps", "info", "hello")])
def test_a_listing_over_plain_http_loads_no_family_that_is_heavy(words: tuple[str, ...]) -> None:
    app = {"name": "hello", "status": "running", "release": ""}
    body = json.dumps([app] if len(words) == 1 else app).encode()
    with WireServer(lambda asked: Answer(body=body)) as server:
        modules = loaded(*words, RACK_URL=server.url)

    assert {name for name in modules if name.split(".")[0] in HEAVY or name in HEAVY} == set()
    assert "ssl" not in modules
    ours = {name for name in modules if name.startswith("convox")}
    assert ours - CORE == {
        "convox.cli.nouns.apps",
        "convox.client",
        "convox.client.endpoint",
        "convox.client.http",
        "convox.client.request",
        "convox.client.transport",
    }


def test_logs_load_no_websocket_library() -> None:
    answer = Answer(frames=(("text", b"x\n"), ("binary", b"")))
    with WireServer(lambda asked: answer) as server:
        modules = loaded("logs", "-a", "hello", RACK_URL=server.url)

    assert {name for name in modules if name.split(".")[0] in HEAVY} == set()


def seconds(command: list[str]) -> float:
    """The processor time of one whole process, which other processes hardly lengthen."""
    env = {**os.environ, "CONVOX_CONFIG": "/nonexistent"}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def test_version_starts_within_a_few_times_python_itself() -> None:
    """The promise is 2.2; the bound is generous for a busy machine (script/bench measures)."""
    python, ours = [], []
    for _ in range(7):
        python.append(seconds([sys.executable, "-c", "pass"]))
        ours.append(seconds([sys.executable, "-m", "convox.cli", "version"]))

    assert min(ours) < 3.5 * min(python)


def test_version_needs_less_than_twenty_mebibytes() -> None:
    code = (
        "import resource, subprocess, sys; "
        "subprocess.run([sys.executable, '-m', 'convox.cli', 'version'], check=True, stdout=-3); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    env = {**os.environ, "CONVOX_CONFIG": "/nonexistent"}
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code], env=env, capture_output=True, text=True, check=True
    )

    assert int(ran.stdout) < 20 * 1024
