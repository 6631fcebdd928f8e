from __future__ import annotations

import json
from pathlib import Path

from convox.api.operations import operations
from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import convox, offline


def test_what_is_no_json_is_an_error() -> None:
    ran = convox("api", "get", "/x", answers={"GET /x": Answer(body=b"ok\n")})

    assert ran.code == 1
    assert ran.err.startswith("ERROR: the answer is not JSON")


def test_every_route_is_listed(tmp_path: Path) -> None:
    rows = json.loads(offline("api", "routes", "--json", settings=tmp_path).out)

    assert [row["operation"] for row in rows] == list(operations())
    assert {"method", "path", "operation", "permission", "implemented-at"} == set(rows[0])


def test_the_table_has_a_line_for_each_route(tmp_path: Path) -> None:
    lines = offline("api", "routes", settings=tmp_path).out.splitlines()

    assert len(lines) == len(operations()) + 1
    assert lines[0].startswith("METHOD")


def test_the_description_is_openapi(tmp_path: Path) -> None:
    document = json.loads(offline("api", "spec", settings=tmp_path).out)

    assert document["openapi"].startswith("3.")
    assert "/apps/{name}" in document["paths"]
