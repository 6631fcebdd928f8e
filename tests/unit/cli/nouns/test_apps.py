from __future__ import annotations

import json

from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import OK, convox, stream

APP = {"name": "a", "status": "running", "release": "R1", "locked": True, "generation": "2"}


def test_a_listing_in_json_is_what_the_rack_said() -> None:
    ran = convox("apps", "--json", answers={"GET /apps": [[APP]]})

    assert json.loads(ran.out) == [APP]


def test_no_apps_is_an_empty_table() -> None:
    ran = convox("apps", answers={"GET /apps": Answer(body=b"null")})

    assert (ran.code, ran.out) == (0, "APP  STATUS  RELEASE\n")


def test_info_shows_why_the_last_promote_failed() -> None:
    ran = convox("apps", "info", "a", answers={"GET /apps/a": {**APP, "reason": "web: exit 1"}})

    assert "Locked      true\n" in ran.out
    assert ran.out.endswith("Reason      web: exit 1\n")


def test_create_can_wait() -> None:
    answers = {"POST /apps": APP, "GET /apps/a": [{**APP, "status": "creating"}, APP]}

    ran = convox("apps", "create", "a", "-g", "2", "--wait", answers=answers)

    assert ran.out == "Creating a... OK\n"
    assert ran.requests[0] == "POST /apps generation=2&name=a"
    assert ran.requests.count("GET /apps/a") == 2


def test_a_refusal_leaves_the_step_open_and_says_why() -> None:
    answers = {"DELETE /apps/a": Answer(403, b"app is locked: a\n")}

    ran = convox("apps", "delete", "a", answers=answers)

    assert (ran.code, ran.out, ran.err) == (1, "Deleting a... ", "ERROR: app is locked: a\n")


def test_parameters_that_did_not_stay_are_a_rollback() -> None:
    answers = {
        "PUT /apps/a": OK,
        "GET /apps/a": {**APP, "parameters": {"A": "1"}},
        "SOCKET /apps/a/logs": stream(),
    }

    ran = convox("apps", "params", "set", "A=2", "-a", "a", "--wait", answers=answers)

    assert (ran.code, ran.err) == (1, "ERROR: rollback\n")


def test_parameters_may_hold_anything_after_the_first_sign() -> None:
    ran = convox("apps", "params", "set", "A=x=y&z", "-a", "a", answers={"PUT /apps/a": OK})

    assert ran.requests[-1] == "PUT /apps/a parameters=A%3Dx%253Dy%2526z"


def test_cancel_says_when_there_is_no_release_to_write_again() -> None:
    answers = {"POST /apps/a/cancel": OK, "GET /apps/a/releases?limit=1": [[]]}

    ran = convox("apps", "cancel", "a", answers=answers)

    assert ran.err == "ERROR: failed to fetch last active release - there is none\n"


def test_cancel_of_an_idle_app_is_refused() -> None:
    answers = {"POST /apps/a/cancel": Answer(403, b"app is not updating\n")}

    assert convox("apps", "cancel", "a", answers=answers).err == "ERROR: app is not updating\n"


def test_cancel_can_wait_through_a_rollback() -> None:
    release = {"id": "R1", "build": "B1", "description": "d", "env": "A=1"}
    answers = {
        "POST /apps/a/cancel": OK,
        "GET /apps/a/releases?limit=1": [[release]],
        "GET /apps/a/releases/R1": release,
        "POST /apps/a/releases": release,
        "GET /apps/a": [{**APP, "status": "rollback"}, APP],
        "SOCKET /apps/a/logs": stream(),
    }

    ran = convox("apps", "cancel", "a", "--wait", answers=answers)

    assert (ran.code, ran.err) == (0, "")
