"""Names and contents of the files that Caddy reads at each request."""

from __future__ import annotations

import pytest

from convox.providers.local import slots


def upstreams(count: int) -> tuple[str, ...]:
    return tuple(f"10.9.0.{number}:80" for number in range(2, count + 2))


@pytest.mark.parametrize(("count", "width"), [(0, 12), (1, 12), (12, 12), (13, 24), (25, 36)])
def test_the_width_is_the_same_for_any_usual_number(count: int, width: int):
    assert slots.width(upstreams(count)) == width


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 12])
def test_upstreams_share_the_slots_evenly(count: int):
    files = slots.contents("b", "a/web", upstreams(count))
    values = [text for name, text in files.items() if name != "b.owner"]

    assert {values.count(upstream) for upstream in upstreams(count)} == {12 // count}


@pytest.mark.parametrize("count", [5, 7, 13, 30])
def test_every_upstream_has_a_slot(count: int):
    assert set(upstreams(count)) <= set(slots.contents("b", "", upstreams(count)).values())


def test_no_upstream_says_so_in_every_slot():
    files = slots.contents("b", "a/web", ())

    assert files.pop("b.owner") == "a/web"
    assert files.pop("b.sticky") == "no"
    assert set(files.values()) == {slots.NONE}


def test_a_client_is_kept_only_where_there_is_a_choice():
    kept = [slots.contents("b", "", upstreams(n), sticky=True)["b.sticky"] for n in (0, 1, 2)]

    assert kept == ["no", "no", slots.STICKY]


def test_a_placeholder_names_the_file_as_the_router_sees_it():
    assert slots.placeholder("b", 3) == "{file./convox/upstreams/b.3}"
