from __future__ import annotations

from types import SimpleNamespace

import pytest

from convox.cli.nouns import audit
from convox.providers.local.audit import Tried
from convox.providers.local.audit_targets import Means
from tests.unit.cli.driver import convox


def test_there_is_nothing_to_audit_without_saying_how() -> None:
    ran = convox("rack", "audit")

    assert ran.code == 1
    assert "convox rack audit --local-probe" in ran.err


def test_a_rack_that_is_not_on_this_machine_is_named() -> None:
    ran = convox("rack", "audit", "nowhere-at-all", "--local-probe")

    assert ran.code == 1
    assert "no rack nowhere-at-all on this machine" in ran.err


@pytest.mark.parametrize(
    ("means", "is_open", "word"),
    [
        (Means.HOLE, False, "closed"),
        (Means.HOLE, True, "OPEN"),
        (Means.EXPOSED, True, "exposed"),
        (Means.CONTROL, True, "open, as it must be"),
    ],
)
def test_what_came_of_a_try_is_a_word(means, is_open, word) -> None:
    tried = Tried("one", "Docker's API", "10.0.0.1:2375", is_open, means, "said")

    assert audit._result(tried) == word
    assert audit._plain(tried)["hole"] is (means is Means.HOLE and is_open)


def test_holes_are_told_beside_the_table() -> None:
    said: list[str] = []
    out = SimpleNamespace(
        table=lambda head, rows: said.extend(" ".join(row) for row in rows),
        note=said.append,
        line=said.append,
    )
    hole = Tried("one", "Docker's API", "10.0.0.1:2375", True, Means.HOLE, "answered 200")
    ssh = Tried("one", "sshd", "10.0.0.1:22", True, Means.EXPOSED, "EOF")

    audit._show(SimpleNamespace(out=out), "dev", [hole, ssh], [hole])

    assert said == [
        "one Docker's API 10.0.0.1:2375 OPEN",
        "one sshd 10.0.0.1:22 exposed",
        "exposed: apps reach sshd, 10.0.0.1:22: bind it to loopback if they should not",
        "HOLE: app one reaches Docker's API at 10.0.0.1:2375: answered 200",
        "dev: 2 tries, 1 holes, 1 exposed",
    ]
