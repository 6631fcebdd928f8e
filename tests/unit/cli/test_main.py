from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from convox import __version__
from convox.cli.main import find, run
from convox.cli.output import Output
from tests.unit.cli.driver import convox, offline


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["rack", "params", "set", "A=b"], "rack params set"),
        (["rack", "params"], "rack params"),
        (["rack", "-a"], "rack"),
        (["rack", "unknown"], "rack"),
        (["--json", "rack"], None),
        (["rac"], None),
        ([], None),
    ],
)
def test_the_longest_sequence_of_words_is_the_command(words: list[str], found: str | None) -> None:
    row = find(words)

    assert (row[0] if row else None) == found


def test_an_unknown_command_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    ran = offline("rels", "promote", settings=tmp_path)

    assert ran.code == 1
    assert ran.err == "ERROR: unknown command: rels\ndid you mean: convox releases promote\n"


def test_nothing_at_all_lists_the_commands(tmp_path: Path) -> None:
    ran = offline(settings=tmp_path)

    assert ran.code == 0
    assert "convox deploy" in ran.out
    assert "rack resources create" not in ran.out


@pytest.mark.parametrize("word", ["-v", "--version"])
def test_the_version_is_printed(word: str, tmp_path: Path) -> None:
    assert offline(word, settings=tmp_path).out == f"{__version__}\n"


def test_help_needs_no_rack(tmp_path: Path) -> None:
    ran = offline("deploy", "--help", settings=tmp_path)

    assert ran.code == 0
    assert "USAGE\n  convox deploy [dir]" in ran.out


def test_wrong_arguments_are_told_before_a_missing_rack(tmp_path: Path) -> None:
    assert offline("env", "get", settings=tmp_path).err == "ERROR: 1 arg required\n"


def test_a_file_that_cannot_be_read_is_named() -> None:
    ran = convox("certs", "import", "none.pem", "none.key")

    assert (ran.code, ran.err) == (1, "ERROR: none.pem: No such file or directory\n")


def test_a_bug_is_said_to_be_one() -> None:
    ran = convox("apps", answers={"GET /apps": [{"not": "an app"}]})

    assert ran.code == 1
    assert ran.err.startswith("ERROR: unexpected ")
    assert "CONVOX_DEBUG" in ran.err


def test_a_bug_is_shown_whole_under_debug(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def write(self, data: object) -> int:
            raise ZeroDivisionError

    environ = {"CONVOX_CONFIG": str(tmp_path), "CONVOX_DEBUG": "true"}
    with pytest.raises(ZeroDivisionError):
        run(["version"], environ, Output(Broken(), io.BytesIO(), environ))


def test_an_interrupt_is_130(tmp_path: Path) -> None:
    class Interrupted(io.BytesIO):
        def write(self, data: object) -> int:
            raise KeyboardInterrupt

    environ = {"CONVOX_CONFIG": str(tmp_path)}
    assert run(["version"], environ, Output(Interrupted(), io.BytesIO(), environ)) == 130


def test_a_reader_that_leaves_is_no_traceback() -> None:
    command = f"{sys.executable} -m convox.cli help | head -c 10"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert ran.stdout == "convox api"
    assert ran.stderr == ""


def test_arguments_that_are_no_utf8_arrive_as_they_are() -> None:
    environ = {"RACK_URL": "http://localhost:1", "CONVOX_CONFIG": "/nonexistent"}
    command = [sys.executable.encode(), b"-m", b"convox.cli", b"apps", b"info", b"\xff"]
    ran = subprocess.run(command, capture_output=True, check=False, env=environ)

    assert ran.returncode == 1
    assert b"cannot connect to localhost:1" in ran.stderr
