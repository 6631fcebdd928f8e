"""The documents made from code are those in the repository."""

from __future__ import annotations

from script.support import write_docs


def test_every_generated_document_is_what_its_code_renders() -> None:
    assert write_docs.stale() == [], "run script/docs"
