"""`script/lint`, `script/test`, `script/bootstrap`, `script/docs` and `script/lock`.

Each is a short list of commands run in the project's environment. Nothing here knows what a test
needs beyond an engine and base images.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from script.support import engine, images, venv
from script.support.steps import ROOT, StopError, main, run, say, step

BIN = venv.VENV / "bin"
PYTHON_CODE = ("src", "tests", "script", "examples", "bench")
_SOME_FAILED = 1
"""Pytest's exit status. Source: pytest documentation, Exit codes."""
TEST_IMAGES = (
    "debian:bookworm-slim",
    "httpd:2.4",
    "mariadb:10.11",
    "memcached:1.6",
    "postgres:15",
    "python:3.11-slim",
    "redis:7",
)


def bootstrap(args: list[str]) -> int:
    """Make `.venv`; with `dev`, what tests and checks need too."""
    venv.ensure(venv.DEVELOPMENT if args == ["dev"] else venv.RUNTIME)
    return 0


def lint(_args: list[str]) -> int:
    """Run every static check; silent when all is well.

    Raises:
        StopError: naming the checks that found something, after all of them ran.
    """
    venv.ensure(venv.DEVELOPMENT)
    checks: dict[str, list[str | Path]] = {
        "mypy": [BIN / "mypy", "--no-error-summary"],
        "ruff check": [BIN / "ruff", "check", "--quiet", *PYTHON_CODE],
        "ruff format": [BIN / "ruff", "format", "--quiet", "--check", *PYTHON_CODE],
        "mypy script": [
            BIN / "mypy",
            "--strict",
            "--cache-dir",
            ".mypy_cache/script",
            "-p",
            "script.support",
        ],
        "lint-imports": [BIN / "lint-imports"],
    }
    with ThreadPoolExecutor(2) as pool:
        failed = [name for name in pool.map(_failed, checks, checks.values()) if name]
    if failed:
        raise StopError(f"{', '.join(failed)} found something; `ruff format` mends layout")
    return 0


def _failed(name: str, argv: list[str | Path]) -> str:
    """Run one check and return its name when it found something, which is then shown."""
    try:
        run(argv, cwd=ROOT, quiet=True)
    except StopError as e:
        say(f"{name}: {e}")
        return name
    return ""


def test(args: list[str]) -> int:
    """Check and test everything, or with `unit` first what needs no engine.

    Ends with pytest's own summary. Words after that go to pytest. Tests that failed beside others
    are run once more alone, and both runs are shown.
    """
    unit = args[:1] == ["unit"]
    venv.ensure(venv.DEVELOPMENT)
    with step("Checking style, types and layers"):
        lint([])
    command = [str(BIN / "pytest"), "-q", "-n", "2", "--dist", "loadgroup"]
    if unit:
        command += ["-m", "not docker", *args[1:]]
    else:
        engine.ensure()
        images.ensure(TEST_IMAGES)
        command += args
    say("==> Running the tests")
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code != _SOME_FAILED or unit:
        return code
    # Racks, databases and engines share a few cores here; what is broken fails alone, too.
    say("==> Some tests failed beside others: running those again, alone")
    alone = [str(BIN / "pytest"), "-q", "-n", "0", "-p", "no:randomly", "--last-failed"]
    return subprocess.run(alone, cwd=ROOT, check=False).returncode


def lock(_args: list[str]) -> int:
    """Resolve the dependencies anew and write both lock files."""
    uv = str(BIN / "uv") if (BIN / "uv").exists() else shutil.which("uv")
    if uv is None:
        raise StopError("uv is needed to resolve: .venv/bin/pip install uv")
    resolve = [uv, "pip", "compile", "pyproject.toml", "--upgrade", "--python-version", "3.11"]
    resolve += ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header"]
    resolve += ["--quiet", "--all-extras"]
    with step("Resolving dependencies"):
        run([*resolve, "--output-file", venv.RUNTIME], cwd=ROOT)
        more = ["--group", "dev", "--constraint", venv.RUNTIME]
        run([*resolve, *more, "--output-file", venv.DEVELOPMENT], cwd=ROOT)
    return 0


def docs(_args: list[str]) -> int:
    """Write the documents that are made from code."""
    venv.ensure(venv.DEVELOPMENT)
    run([venv.PYTHON, ROOT / "script" / "support" / "write_docs.py"], cwd=ROOT)
    return 0


TASKS = {"bootstrap": bootstrap, "lint": lint, "test": test, "lock": lock, "docs": docs}


def body(args: list[str]) -> int:
    """Carry out the task named by the first word."""
    os.chdir(ROOT)
    return TASKS[args[0]](args[1:])


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main(body)
