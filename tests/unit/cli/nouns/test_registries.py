from __future__ import annotations

import json

from tests.unit.cli.driver import convox


def test_a_password_is_never_listed() -> None:
    answers = {"GET /registries": [[{"server": "s", "username": "u", "password": "hunter2"}]]}

    table = convox("registries", answers=answers)
    as_json = convox("registries", "--json", answers=answers)

    assert "hunter2" not in table.out + as_json.out
    assert json.loads(as_json.out) == [{"server": "s", "username": "u"}]


def test_adding_needs_all_three() -> None:
    assert convox("registries", "add", "s", "u").err == "ERROR: 3 args required\n"
