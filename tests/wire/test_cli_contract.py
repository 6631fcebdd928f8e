"""The CLI's literal requests against the contract: nothing can be sent that no rack understands."""

from __future__ import annotations

import importlib
import re

import pytest

from convox.api.fields import Carrier
from convox.api.operations import Kind, operations
from convox.cli.commands import COMMANDS, FLAGS
from convox.cli.requests import CONSOLE, REQUESTS

OPERATIONS = operations()


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_of_the_cli_is_an_operation(name: str) -> None:
    method, path, _, _ = REQUESTS[name]
    operation = OPERATIONS[name]

    assert (method, path) == (operation.method, re.sub(r"\{[^}]*\}", "{}", operation.path))


@pytest.mark.parametrize("name", REQUESTS)
def test_its_parameters_travel_as_the_contract_says(name: str) -> None:
    _, _, carrier, names = REQUESTS[name]
    known = {p.wire.name: p.wire.carrier for p in OPERATIONS[name].parameters}

    assert set(names) <= set(known)
    assert {str(known[wire]) for wire in names} <= {carrier}
    assert carrier in ("", *map(str, Carrier))


def test_requests_without_parameters_name_no_carrier() -> None:
    assert [name for name, row in REQUESTS.items() if bool(row[2]) != bool(row[3])] == []


def test_consoles_routes_are_on_no_rack() -> None:
    paths = {(o.method, o.path) for o in OPERATIONS.values()}

    assert [name for name, row in CONSOLE.items() if row[:2] in paths] == []


def test_commands_are_sorted_and_unique() -> None:
    words = [row[0] for row in COMMANDS]

    assert words == sorted(set(words))


@pytest.mark.parametrize("row", COMMANDS, ids=[row[0] for row in COMMANDS])
def test_a_row_names_a_handler_and_known_flags(row: tuple[str, ...]) -> None:
    module, _, function = row[3].partition(":")

    assert callable(getattr(importlib.import_module(f"convox.cli.nouns.{module}"), function))
    assert set(row[4].split()) <= set(FLAGS)


@pytest.mark.parametrize("row", COMMANDS, ids=[row[0] for row in COMMANDS])
def test_no_two_flags_of_a_command_share_a_form(row: tuple[str, ...]) -> None:
    specs = [FLAGS[name] for name in row[4].split()]
    shorts = [spec[1] for spec in specs if spec[1]]

    assert len({spec[0] for spec in specs}) == len(specs)
    assert len(set(shorts)) == len(shorts)


def test_listings_and_infos_have_json() -> None:
    listing = re.compile(r"^(list|get information)")
    rows = [row for row in COMMANDS if listing.match(row[2])]

    assert [row[0] for row in rows if "json" not in row[4].split() and row[0] != "help"] == []


def test_uploads_of_the_contract_are_those_that_the_cli_sends_bodies_to() -> None:
    uploads = {name for name, operation in OPERATIONS.items() if operation.kind is Kind.UPLOAD}

    assert uploads == {"build_import", "files_upload", "object_store", "resource_import"}
