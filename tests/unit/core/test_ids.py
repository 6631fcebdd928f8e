"""Identifiers."""

from __future__ import annotations

import re

import pytest

from convox.core import ids


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (ids.build_id, "B[A-Z]{10}"),
        (ids.release_id, "R[A-Z]{10}"),
        (ids.request_id, "[0-9a-f]{12}"),
    ],
)
def test_ids_have_the_form_of_the_wire_and_differ(make, pattern):
    made = {make() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch(pattern, text) for text in made)
