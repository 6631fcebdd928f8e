from __future__ import annotations

import json

from tests.unit.cli.driver import convox

ONE = {
    "id": "p1",
    "app": "a",
    "name": "web",
    "status": "running",
    "release": "R1",
    "started": "0001-01-01T00:00:00Z",
    "command": "sh -c 'sleep 1'",
    "instance": "",
}


def test_listing_and_info_have_json() -> None:
    answers = {"GET /apps/a/processes": [[ONE]], "GET /apps/a/processes/p1": ONE}

    assert json.loads(convox("ps", "-a", "a", "--json", answers=answers).out) == [ONE]
    assert json.loads(convox("ps", "info", "p1", "-a", "a", "--json", answers=answers).out) == ONE


def test_stopping_what_is_not_there_is_an_error() -> None:
    ran = convox("ps", "stop", "p9", "-a", "a")

    assert (ran.code, ran.out) == (1, "Stopping p9... ")
