"""The environment: its launcher, and when it is up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from script.support import venv


def project(folder: Path) -> tuple[Path, Path]:
    """A `src` whose command prints what it sees, and an environment's `bin`."""
    cli = folder / "src" / "convox" / "cli"
    cli.mkdir(parents=True)
    (cli / "main.py").write_text(
        "import sys\n"
        "def main():\n"
        "    print(sys.argv[1:], sys.prefix, 'site' in sys.modules)\n"
        "    return 3\n"
    )
    binaries = folder / "venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    return folder / "src", binaries


@pytest.mark.parametrize("name", ["plain", "with a blank", "long" * 40])
def test_the_launcher_passes_words_and_exit_status_and_skips_site(
    tmp_path: Path, name: str
) -> None:
    home = tmp_path / name
    source, binaries = project(home)
    command = binaries / "convox"
    command.write_text(venv.launcher(home / "venv", source, home / "packages"))
    command.chmod(0o755)

    done = subprocess.run([command, "a b", "c"], capture_output=True, text=True, check=False)

    assert done.stdout == f"['a b', 'c'] {home / 'venv'} False\n", done.stderr
    assert done.returncode == 3


def test_the_stamp_changes_with_the_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv, "ROOT", tmp_path)
    for lock in (venv.RUNTIME, venv.DEVELOPMENT):
        (tmp_path / lock).write_text("one\n")
    before = venv._stamp(venv.RUNTIME)

    (tmp_path / venv.RUNTIME).write_text("two\n")

    assert venv._stamp(venv.RUNTIME) != before


def test_an_environment_for_development_serves_as_the_other_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv, "ROOT", tmp_path)
    for lock in (venv.RUNTIME, venv.DEVELOPMENT):
        (tmp_path / lock).write_text(lock)

    assert venv._stamp(venv.RUNTIME) < venv._stamp(venv.DEVELOPMENT)


def test_an_environment_that_is_not_there_has_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv, "PYTHON", tmp_path / "bin" / "python")

    assert venv._installed() == set()
