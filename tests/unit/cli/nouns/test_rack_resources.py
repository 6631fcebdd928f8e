from __future__ import annotations

import json

from tests.unit.cli.driver import convox

LOGS = {"name": "logs", "type": "syslog", "status": "running", "parameters": None, "apps": None}


def test_creation_can_be_waited_for() -> None:
    answers = {
        "POST /resources": {**LOGS, "status": "creating"},
        "GET /resources/logs": [{**LOGS, "status": "creating"}, LOGS],
    }

    ran = convox("rack", "resources", "create", "syslog", "Url=x", "--wait", answers=answers)

    assert ran.out == "Creating resource... OK, logs\n"
    assert ran.requests.count("GET /resources/logs") == 2


def test_an_option_without_a_value_is_refused() -> None:
    ran = convox("rack", "resources", "create", "syslog", "Url")

    assert ran.err == "ERROR: Name=Value expected: Url\n"


def test_an_unknown_type_is_named() -> None:
    ran = convox("rack", "resources", "options", "x", answers={"OPTIONS /resources": [[]]})

    assert ran.err == "ERROR: no such resource type: x\n"


def test_a_resource_without_an_address_is_named() -> None:
    answers = {"GET /resources/logs": LOGS}

    assert convox("rack", "resources", "url", "logs", answers=answers).err == (
        "ERROR: no url for resource: logs\n"
    )
    assert convox("rack", "resources", "info", "logs", answers=answers).out.endswith("Options  \n")


def test_listings_have_json() -> None:
    ran = convox("rack", "resources", "--json", answers={"GET /resources": [[LOGS]]})

    assert json.loads(ran.out) == [LOGS]
