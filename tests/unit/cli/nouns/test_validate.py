from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.driver import Ran, offline


def validate(tmp_path: Path, text: str, *words: str) -> Ran:
    file = tmp_path / "convox.yml"
    file.write_text(text)
    return offline("validate", "-m", str(file), *words, settings=tmp_path)


GOOD = "services:\n  web:\n    build: .\n    port: 3000\n"
WARNS = GOOD + "    prt: 3000\n"
WRONG = "services:\n  web:\n    port: many\n"


def test_a_good_manifest_is_ok(tmp_path: Path) -> None:
    ran = validate(tmp_path, GOOD)

    assert ran.code == 0
    assert ran.out.endswith("convox.yml: OK\n")


def test_a_warning_fails_only_when_strict(tmp_path: Path) -> None:
    assert validate(tmp_path, WARNS).code == 0
    assert validate(tmp_path, WARNS, "--strict").code == 1
    assert "convox.yml:5:5: warning:" in validate(tmp_path, WARNS).out


def test_an_error_fails_and_names_its_place(tmp_path: Path) -> None:
    ran = validate(tmp_path, WRONG)

    assert ran.code == 1
    assert "convox.yml:3:" in ran.out
    assert ": error:" in ran.out


def test_findings_have_json(tmp_path: Path) -> None:
    found = json.loads(validate(tmp_path, WARNS, "--json").out)

    assert found["findings"][0]["severity"] == "warning"
    assert found["findings"][0]["line"] == 5


def test_names_that_the_env_must_have_are_listed_and_then_required(tmp_path: Path) -> None:
    needs = GOOD + "    environment:\n      - SECRET\n"
    (tmp_path / "env").write_text("OTHER=1\n")

    listed = validate(tmp_path, needs)
    missing = validate(tmp_path, needs, "--env", str(tmp_path / "env"))

    assert (listed.code, missing.code) == (0, 1)
    assert "SECRET" in listed.out
    assert "SECRET" in missing.out


@pytest.mark.parametrize("words", [("-m", "none.yml"), ("--env", "none.env")])
def test_a_missing_file_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "convox.yml").write_text(GOOD)
    base = () if words[0] == "-m" else ("-m", str(tmp_path / "convox.yml"))

    ran = offline("validate", *base, *words, settings=tmp_path)

    assert ran.err.startswith(f"ERROR: no such file: {words[1]}")


def test_a_missing_env_file_is_told_with_its_own_flag(tmp_path: Path) -> None:
    ran = validate(tmp_path, GOOD, "--env", str(tmp_path / "none"))

    assert ran.code == 1
    assert "name it with --env FILE" in ran.err
