"""Every test of this directory runs once over each world."""

from __future__ import annotations

import secrets

import pytest

from tests.contract.acts import deploy, new_app
from tests.contract.worlds import MARKS, WORLDS


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=MARKS.get(name, ())) for name in WORLDS],
)
def world(request):
    with WORLDS[request.param]() as world:
        yield world


@pytest.fixture
def rack(world):
    return world.rack


@pytest.fixture
def app(rack):
    """A new app, which is gone afterwards."""
    yield from new_app(rack, f"t{secrets.token_hex(4)}")


@pytest.fixture(scope="module")
def deployed(world):
    """The name of an app with a release running; shared by the tests of a module."""
    for name in new_app(world.rack, f"d{secrets.token_hex(4)}"):
        deploy(world, name)
        yield name
