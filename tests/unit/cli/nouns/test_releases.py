from __future__ import annotations

import json

import pytest

from convox.cli.nouns.releases import env_text, parse_env
from tests.unit.cli.driver import OK, convox

THEN = "2026-01-02T03:04:05Z"
APP = {"name": "a", "status": "running", "release": "R1"}
RELEASES = [
    {
        "id": "R2",
        "build": "B2",
        "created": "2026-01-02T03:04:05Z",
        "description": "",
        "status": "failed",
    },
    {"id": "R1", "build": "B1", "created": "2026-01-02T03:04:05Z", "description": "d"},
]


def test_the_listing_marks_the_active_and_the_failed() -> None:
    answers = {"GET /apps/a": APP, "GET /apps/a/releases": [RELEASES]}

    ran = convox("releases", "-a", "a", answers=answers)
    as_json = convox("releases", "-a", "a", "--json", answers=answers)

    assert [line.split()[:2] for line in ran.out.splitlines()[1:]] == [
        ["R2", "failed"],
        ["R1", "active"],
    ]
    assert [item["status"] for item in json.loads(as_json.out)] == ["failed", "active"]


def test_info_cuts_fractions_of_seconds_and_shows_a_reason() -> None:
    release = {
        **RELEASES[0],
        "created": "2026-01-02T03:04:05.123456789Z",
        "env": "A=1\nB=2",
        "reason": "web: exit 1",
    }

    ran = convox("releases", "info", "R2", "-a", "a", answers={"GET /apps/a/releases/R2": release})

    assert "Created      2026-01-02T03:04:05Z\n" in ran.out
    assert "Env          A=1\n             B=2\n" in ran.out
    assert ran.out.endswith("Reason       web: exit 1\n")


def test_nothing_to_promote_is_said() -> None:
    ran = convox("releases", "promote", "-a", "a", answers={"GET /apps/a/releases?limit=1": [[]]})

    assert ran.err == "ERROR: no releases to promote\n"


def test_an_app_under_way_is_waited_for() -> None:
    answers = {
        "GET /apps/a": [{**APP, "status": "updating"}, APP],
        "POST /apps/a/releases/R2/promote": OK,
    }

    ran = convox("releases", "promote", "R2", "-a", "a", answers=answers)

    assert ran.out == "Waiting for app to be ready... OK\nPromoting R2... OK\n"


def test_a_release_without_a_build_has_no_manifest() -> None:
    ran = convox(
        "releases", "manifest", "R1", "-a", "a", answers={"GET /apps/a/releases/R1": {"build": ""}}
    )

    assert ran.err == "ERROR: no build for release: R1\n"


def test_rollback_alone_is_the_same_command() -> None:
    answers = {
        "GET /apps/a/releases/R1": {"build": "B1", "env": "A=1"},
        "POST /apps/a/releases": {"id": "R3"},
        "POST /apps/a/releases/R3/promote": OK,
    }

    ran = convox("rollback", "R1", "-a", "a", answers=answers)

    assert ran.out == "Rolling back to R1... OK, R3\nPromoting R3... OK\n"


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("A=1\nB=x=y", {"A": "1", "B": "x=y"}),
        (" A =  keep \r\n", {"A": "  keep "}),
        ("no sign\n=no key\n#C=1\n", {"#C": "1"}),
        ('Q="quoted"', {"Q": '"quoted"'}),
        ("", {}),
    ],
)
def test_env_text_is_read_line_by_line(text: str, pairs: dict[str, str]) -> None:
    assert parse_env(text) == pairs


def test_env_text_is_sorted() -> None:
    assert env_text({"b": "2", "a": "1"}) == "a=1\nb=2"
