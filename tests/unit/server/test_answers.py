"""Order, bodies and errors of answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from convox.api import types
from convox.api.operations import operations
from convox.core.errors import (
    BugError,
    ConflictError,
    DeniedError,
    FailedError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)
from convox.server import answers


def day(number):
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("app_list", [types.App(name="b"), types.App(name="a")], ["a", "b"]),
        (
            "certificate_list",
            [types.Certificate(id="b"), types.Certificate(id="A")],
            ["A", "b"],
        ),
        ("instance_list", [types.Instance(id="i-2"), types.Instance(id="i-1")], ["i-1", "i-2"]),
        (
            "process_list",
            [types.Process(name="web", id="1"), types.Process(name="api", id="2")],
            ["2", "1"],
        ),
        ("build_list", [types.Build(id="B2"), types.Build(id="B1")], ["B2", "B1"]),
        ("service_list", [types.Service(name="z"), types.Service(name="a")], ["z", "a"]),
        ("object_list", ["b", "a"], ["b", "a"]),
    ],
)
def test_lists_are_in_the_order_of_the_wire(name, given, wanted):
    found = answers.in_order(operations()[name], tuple(given))

    labels = [getattr(x, "id", "") or getattr(x, "name", "") or x for x in found]
    assert labels == wanted


def test_releases_come_newest_first_and_those_without_a_date_last():
    given = (
        types.Release(id="R0"),
        types.Release(id="R1", created=day(1)),
        types.Release(id="R2", created=day(2)),
    )

    found = answers.in_order(operations()["release_list"], given)

    assert [r.id for r in found] == ["R2", "R1", "R0"]


def test_no_result_is_ok():
    assert answers.encode(operations()["app_delete"], None) == b"ok\n"


def test_an_empty_list_is_a_list():
    assert answers.encode(operations()["app_list"], ()) == b"[]\n"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (UnauthenticatedError, 401),
        (DeniedError, 401),
        (ConflictError, 403),
        (NotFoundError, 404),
        (InvalidError, 500),
        (FailedError, 500),
        (BugError, 500),
        (UnavailableError, 503),
    ],
)
def test_every_kind_has_its_status_and_the_fix_stays_here(kind, status):
    answer = answers.error(kind("what", why="why", fix="convox fix it"), "curl/8")

    assert (answer.status, answer.body) == (status, b"what: why\n")
