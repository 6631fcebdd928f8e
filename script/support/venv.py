"""The project's own Python environment: `.venv`, from a lock file with hashes.

`ensure("requirements.lock")` makes it, or sees in milliseconds that it is up to date: a stamp in
`.venv` names what was installed. The project itself is not built: a `.pth` file points at `src`,
and a small launcher starts the command without the `site` module, which is a fifth of its start.
May not install anything that the lock file does not name. Read demo.py and check.py next.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from script.support import debian
from script.support.steps import ROOT, StopError, answer, run, step

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".installed"
RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"
"""Holds everything of RUNTIME at the same versions; tests/unit/test_structure.py checks it."""

LAUNCHER = """\
#!{python} -IS
import sys

sys.prefix = sys.exec_prefix = {venv!r}
sys.path += [{source!r}, {packages!r}]
from convox.cli.main import main

sys.exit(main())
"""
LONGEST_SHEBANG = 120


def ensure(lock: str) -> None:
    """Make `.venv` hold exactly what `lock` names, and the `convox` command.

    Raises:
        StopError: when Python is too old, or a package cannot be fetched or has another hash.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 (the machine decides which Python runs this)
        found = ".".join(map(str, sys.version_info[:2]))
        raise StopError(f"Python 3.11 or newer is needed, and this is {found}")
    wanted = _stamp(lock)
    if wanted <= _installed():
        return
    _make()
    with step(f"Installing the Python packages of {lock} into .venv (half a minute when new)"):
        pip: list[str | Path] = [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--no-deps",
        ]
        pip += ["--disable-pip-version-check", "--progress-bar=off", "--only-binary=:all:"]
        run([*pip, "--require-hashes", "--requirement", ROOT / lock])
    packages = _packages()
    _write(packages / "convox.pth", f"{ROOT / 'src'}\n", 0o644)
    _write(VENV / "bin" / "convox", launcher(VENV, ROOT / "src", packages), 0o755)
    _write(STAMP, "\n".join(sorted(wanted)) + "\n", 0o644)


def launcher(venv: Path, source: Path, packages: Path) -> str:
    """The text of the `convox` command.

    A path with a blank, or one too long for the kernel, is started through the shell.
    """
    python = str(venv / "bin" / "python")
    text = LAUNCHER.format(
        python=python, venv=str(venv), source=str(source), packages=str(packages)
    )
    if " " not in python and len(python) <= LONGEST_SHEBANG:
        return text
    polyglot = f"#!/bin/sh\n'''exec' \"{python}\" -IS \"$0\" \"$@\"\n' '''\n"
    return polyglot + text.split("\n", 1)[1]


def _stamp(lock: str) -> set[str]:
    """What a finished installation of `lock` writes down."""
    where = f"{ROOT} python{sys.version_info[0]}.{sys.version_info[1]}"
    names = [RUNTIME, lock] if lock == DEVELOPMENT else [lock]
    lines = {f"{n} {hashlib.sha256((ROOT / n).read_bytes()).hexdigest()}" for n in names}
    form = hashlib.sha256(LAUNCHER.encode()).hexdigest()[:12]
    return lines | {where, f"launcher {form}"}


def _installed() -> set[str]:
    try:
        return set(STAMP.read_text().splitlines()) if PYTHON.exists() else set()
    except OSError:
        return set()


def _make() -> None:
    """Make an empty environment, unless there is one that works."""
    if answer([PYTHON, "-m", "pip", "--version"])[0] == 0:
        return
    if answer([sys.executable, "-m", "ensurepip", "--version"])[0] != 0:
        debian.install("python3-venv")
    with step("Making the Python environment .venv"):
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", VENV], quiet=True)


def _packages() -> Path:
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(answer([PYTHON, "-c", ask])[1].strip())


def _write(path: Path, text: str, mode: int) -> None:
    """Replace a file in one move, so that a running command never sees half of it."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(path)
