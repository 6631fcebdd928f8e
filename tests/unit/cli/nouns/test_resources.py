from __future__ import annotations

import json
from pathlib import Path

from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import OK, convox

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


KEPT = {**DB, "status": "kept", "url": "postgres://app:x@db:5432/app"}


def test_one_that_is_kept_is_told_beside_the_table() -> None:
    ran = convox("resources", "-a", "a", answers={"GET /apps/a/resources": [[KEPT]]})

    assert "kept" not in ran.out
    assert "convox resources delete db -a a" in ran.err
    shown = convox("resources", "info", "db", "-a", "a", answers={"GET /apps/a/resources/db": KEPT})
    assert "Status  kept\n" in shown.out


def test_a_name_that_is_typed_wrong_deletes_nothing() -> None:
    ran = convox("resources", "delete", "db", "-a", "a", stdin=b"bd\n", answers=ANSWERS)

    assert ran.code == 1
    assert 'nothing was deleted: "bd" is not db' in ran.err
    assert not [request for request in ran.requests if request.startswith("DELETE")]


def test_nobody_to_type_the_name_deletes_nothing() -> None:
    ran = convox("resources", "delete", "db", "-a", "a", answers=ANSWERS)

    assert ran.code == 1
    assert not [request for request in ran.requests if request.startswith("DELETE")]


def test_the_name_typed_deletes_and_waits_for_the_end() -> None:
    gone = Answer(404, b"resource not found: db")
    answers = {"GET /apps/a/resources/db": [DB, DB, gone], "DELETE /apps/a/resources/db": OK}

    ran = convox("resources", "delete", "db", "-a", "a", stdin=b"db\n", answers=answers)

    assert (ran.code, ran.out) == (0, "Deleting db... OK\n")
    assert "This deletes postgres db of a and all its data." in ran.err


def test_a_dump_goes_to_a_file_and_back(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    answers = {
        "GET /apps/a/resources/db/data": Answer(body=b"-- all of it"),
        "PUT /apps/a/resources/db/data": OK,
    }

    out = convox("resources", "export", "db", "-a", "a", "-f", str(file), answers=answers)
    back = convox("resources", "import", "db", "-a", "a", "-f", str(file), answers=answers)

    assert (out.code, back.code) == (0, 0)
    assert file.read_bytes() == b"-- all of it"


def test_a_dump_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    file.write_bytes(b"the last good one")
    answers = {"GET /apps/a/resources/db/data": Answer(500, b"db could not be dumped: no space")}

    ran = convox("resources", "export", "db", "-a", "a", "-f", str(file), answers=answers)

    assert ran.code == 1
    assert "no space" in ran.err
    assert file.read_bytes() == b"the last good one"
