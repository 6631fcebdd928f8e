from __future__ import annotations

import json

from tests.unit.cli.driver import OK, OURS, convox, stream

ONE = {
    "id": "i-1",
    "status": "active",
    "started": "0001-01-01T00:00:00Z",
    "processes": 0,
    "cpu": 0,
    "memory": 1,
    "public-ip": "",
    "private-ip": "10.0.0.1",
}


def test_shares_are_percentages() -> None:
    ran = convox("instances", answers={"GET /instances": [[ONE]]})

    assert ran.out.splitlines()[1].split() == ["i-1", "active", "0", "0.00%", "100.00%", "10.0.0.1"]


def test_the_listing_has_json() -> None:
    ran = convox("instances", "--json", answers={"GET /instances": [[ONE]]})

    assert json.loads(ran.out) == [ONE]


def test_rolling_the_key_can_be_waited_for() -> None:
    answers = {
        "POST /instances/keyroll": OK,
        "GET /system": OURS,
        "SOCKET /system/logs": stream(),
    }

    ran = convox("instances", "keyroll", "--wait", answers=answers)

    assert ran.out == "Rolling instance key... \nOK\n"
