from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.driver import convox

ANSWERS = {
    "GET /apps/a/releases?limit=1": [[{"id": "R1"}]],
    "GET /apps/a/releases/R1": {"id": "R1", "env": "A=1\nB=2"},
    "POST /apps/a/releases": {"id": "R2"},
}


def test_an_app_without_releases_has_an_empty_env() -> None:
    answers = {**ANSWERS, "GET /apps/a/releases?limit=1": [[]]}

    assert convox("env", "-a", "a", answers=answers).out == "\n"
    assert (
        convox("env", "set", "C=3", "-a", "a", answers=answers).requests[-1].endswith("env=C%3D3")
    )


def test_env_in_json_is_an_object() -> None:
    assert json.loads(convox("env", "-a", "a", "--json", answers=ANSWERS).out) == {
        "A": "1",
        "B": "2",
    }


def test_an_argument_may_hold_several_lines() -> None:
    ran = convox("env", "set", "K=line1\nX=2", "-a", "a", answers=ANSWERS)

    assert ran.out.startswith("Setting K")
    assert "K%3Dline1%0AX%3D2" in ran.requests[-1]


def test_nothing_at_all_still_makes_a_release() -> None:
    ran = convox("env", "set", "ignored", "-a", "a", answers=ANSWERS)

    assert ran.out == "Setting ... OK\nRelease: R2\n"


def test_unset_needs_a_name() -> None:
    assert convox("env", "unset", "-a", "a").err == "ERROR: at least 1 arg required\n"


def test_the_last_variable_can_be_unset() -> None:
    ran = convox("env", "unset", "A", "B", "-a", "a", answers=ANSWERS)

    assert ran.requests[-1] == "POST /apps/a/releases env="


def test_an_editor_that_fails_changes_nothing(tmp_path: Path) -> None:
    ran = convox("env", "edit", "-a", "a", answers=ANSWERS, environ={"EDITOR": "false"})

    assert (ran.code, ran.err) == (1, "ERROR: editor failed: false: nothing was changed\n")
    assert not any(request.startswith("POST") for request in ran.requests)


def test_the_editor_may_have_arguments_and_sees_the_env(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    editor = tmp_path / "my editor"
    editor.write_text(f'#!/bin/sh\ncat "$2" > {seen}; echo "C=$1" > "$2"\n')
    editor.chmod(0o755)

    ran = convox("env", "edit", "-a", "a", answers=ANSWERS, environ={"EDITOR": f"'{editor}' 3"})

    assert seen.read_text() == "A=1\nB=2"
    assert ran.requests[-1] == "POST /apps/a/releases env=C%3D3"
