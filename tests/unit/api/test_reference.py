"""The page of routes holds every route."""

from __future__ import annotations

from convox.api.operations import operations
from convox.api.reference import render_markdown


def test_the_checked_in_page_is_what_the_contract_makes(root):
    text = (root / "docs" / "reference" / "api.md").read_text()

    assert text == render_markdown(), "run script/docs and read the difference"


def test_every_operation_has_a_row_with_its_route():
    rows = render_markdown().splitlines()

    for operation in operations().values():
        row = next(r for r in rows if f"| {operation.name} |" in r)
        assert f"`{operation.method} {operation.path}`" in row
        assert (" | r | " in row) is operation.reads


def test_values_that_are_not_public_are_marked():
    row = next(r for r in render_markdown().splitlines() if "| release_create |" in r)

    assert "F `env`* str" in row
    assert "F `build` str" in row
