from __future__ import annotations

import json

from tests.unit.cli.driver import convox

DB = {"name": "db", "type": "postgres", "url": ""}
ANSWERS = {"GET /apps/a/resources": [[DB]], "GET /apps/a/resources/db": DB}


def test_a_resource_without_an_address_shows_none() -> None:
    assert convox("resources", "info", "db", "-a", "a", answers=ANSWERS).out == (
        "Name  db\nType  postgres\n"
    )
    assert convox("resources", "url", "db", "-a", "a", answers=ANSWERS).err == (
        "ERROR: no url for resource: db\n"
    )


def test_the_listing_has_json() -> None:
    assert json.loads(convox("resources", "-a", "a", "--json", answers=ANSWERS).out) == [DB]
