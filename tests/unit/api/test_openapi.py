"""The OpenAPI document says what the contract says."""

from __future__ import annotations

import json

from convox.api import openapi
from convox.api.operations import operations


def every(node, key):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from every(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from every(value, key)


def rows():
    document = openapi.document()
    return [row for methods in document["paths"].values() for row in methods.values()]


def test_the_checked_in_document_is_what_the_contract_makes(root):
    text = (root / "docs" / "openapi.json").read_text()

    assert text == openapi.render(), "run script/docs and read the difference"


def test_every_operation_is_there_once():
    assert sorted(row["operationId"] for row in rows()) == sorted(operations())


def test_every_operation_names_its_permission_and_its_failures():
    for row in rows():
        operation = operations()[row["operationId"]]
        assert row["x-permission"] == operation.permission
        assert {"401", "404", "500"} < set(row["responses"])


def test_every_reference_leads_somewhere():
    document = openapi.document()

    for reference in set(every(document, "$ref")):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_variable_of_a_path_is_declared():
    for path, methods in openapi.document()["paths"].items():
        for row in methods.values():
            names = [p["name"] for p in row["parameters"] if p["in"] == "path"]
            assert all(f"{{{name}}}" in path for name in names)
            assert path.count("{") == len(names)


def test_sockets_are_marked_and_answer_101():
    by_name = {row["operationId"]: row for row in rows()}

    assert by_name["process_exec"]["x-socket"] == "shell"
    assert "101" in by_name["app_logs"]["responses"]
    assert "x-socket" not in by_name["app_get"]


def test_secrets_are_classified():
    text = json.dumps(openapi.document()["components"]["schemas"]["Release"]["properties"]["env"])

    assert '"x-classification": "secret"' in text
