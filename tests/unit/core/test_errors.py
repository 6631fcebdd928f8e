"""The kinds of errors and what of them travels."""

from __future__ import annotations

import pytest

from convox.core import errors
from convox.core.errors import ConvoxError


def kinds():
    return [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, ConvoxError)]


def test_the_wire_has_what_and_why_and_never_the_fix():
    assert ConvoxError("what", why="why", fix="fix").wire == "what: why"
    assert ConvoxError("what", fix="fix").wire == "what"


def test_an_error_reads_as_what_happened():
    assert str(ConvoxError("app not found: web", why="it was deleted")) == "app not found: web"


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_has_a_status_of_the_wire(kind):
    assert kind.status in (401, 403, 404, 500, 503)
    assert kind("x").what == "x"


def test_the_tree_is_flat():
    assert all(kind.__bases__ in ((ConvoxError,), (Exception,)) for kind in kinds())
    assert len(kinds()) == 9
