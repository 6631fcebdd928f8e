"""Fitting routes into what Caddy has loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convox.providers.local import slots
from convox.providers.local.caddy import Frontage, Route
from convox.providers.local.spares import Placement, place

FRONT = Frontage("r", 8443, 9443, "10.9.0.0/16", "10.9.255.192/26")
WEB = Route(("a-web.r.localhost", "web.a.r.convox"), ("10.9.0.2:3000",), owner="a/web")
HERE = {"a": "10.9.0.3", "b": "10.9.0.67"}


def numbered(number: int) -> Route:
    return Route((f"b-s{number}.r.localhost",), ("10.9.0.2:80",), owner=f"b/s{number}")


def test_what_is_loaded_needs_nothing():
    before = Placement.of([WEB])

    assert place(before, FRONT, {"a": (WEB,)}, HERE) == before


def test_other_upstreams_of_what_is_loaded_need_nothing():
    before = Placement.of([WEB])
    moved = replace(WEB, upstreams=("10.9.0.9:3000", "10.9.0.8:3000"))

    assert place(before, FRONT, {"a": (moved,)}, HERE) == before


def test_a_new_route_gets_a_spare_for_each_host():
    placed = place(Placement(), FRONT, {"a": (WEB,)}, HERE)

    assert placed is not None
    files = placed.files()
    assert files["spare-https-0.host"] == "a-web.r.localhost"
    assert files["spare-links-0.host"] == "web.a.r.convox"
    assert files["spare-links-0.local"] == "10.9.0.3"
    assert files["spare-https-0.5"] == "10.9.0.2:3000"
    assert files["spare-https-1.host"] == slots.GONE


def test_a_host_comes_to_life_after_its_slots_and_before_another_ends():
    placed = place(Placement(), FRONT, {"b": (numbered(1), numbered(2))}, HERE)
    assert placed is not None
    changed = place(placed, FRONT, {"b": (numbered(1), numbered(3))}, HERE)
    assert changed is not None

    names = list(changed.files())

    assert names.index("spare-https-2.11") < names.index("spare-https-2.host")
    assert names.index("spare-https-2.host") < names.index("spare-https-1.host")


def test_a_spare_follows_its_route():
    placed = place(Placement(), FRONT, {"a": (WEB,)}, HERE)
    assert placed is not None

    moved = place(placed, FRONT, {"a": (replace(WEB, upstreams=("10.9.0.9:80",)),)}, HERE)

    assert moved is not None
    assert moved.spares.keys() == placed.spares.keys()
    assert moved.files()["spare-https-0.0"] == "10.9.0.9:80"


def test_a_spare_that_was_given_back_is_not_given_out_again():
    placed = place(Placement(), FRONT, {"b": (numbered(1),)}, HERE)
    assert placed is not None
    back = place(placed, FRONT, {}, HERE)
    assert back is not None

    again = place(back, FRONT, {"b": (numbered(2),)}, HERE)

    assert again is not None
    assert back.files()["spare-https-0.host"] == slots.GONE
    assert again.files()["spare-https-0.host"] == slots.GONE
    assert again.files()["spare-https-1.host"] == "b-s2.r.localhost"


def test_more_hosts_than_spares_need_a_reload():
    most = tuple(numbered(number) for number in range(slots.SPARES))

    assert place(Placement(), FRONT, {"b": most}, HERE) is not None
    assert place(Placement(), FRONT, {"b": (*most, numbered(99))}, HERE) is None


@pytest.mark.parametrize(
    "route",
    [
        replace(WEB, hosts=("www.example.test",)),
        replace(WEB, scheme="grpc"),
        replace(WEB, upstreams=tuple(f"10.9.0.{n}:80" for n in range(2, 16))),
    ],
)
def test_what_a_spare_cannot_do_needs_a_reload(route: Route):
    assert place(Placement(), FRONT, {"a": (route,)}, HERE) is None


def test_a_link_at_an_unknown_address_needs_a_reload():
    assert place(Placement(), FRONT, {"a": (WEB,)}, {}) is None


def test_a_link_moves_to_another_spare_when_the_router_moves():
    placed = place(Placement(), FRONT, {"a": (WEB,)}, HERE)
    assert placed is not None

    moved = place(placed, FRONT, {"a": (WEB,)}, {"a": "10.9.0.5"})

    assert moved is not None
    assert moved.files()["spare-links-0.host"] == slots.GONE
    assert moved.files()["spare-links-1.local"] == "10.9.0.5"


def test_a_sticky_route_needs_no_reload_to_come_or_go():
    sticky = replace(WEB, sticky=True, upstreams=("10.9.0.2:80", "10.9.0.3:80"))
    placed = place(Placement(), FRONT, {"a": (sticky,)}, HERE)

    assert placed is not None
    assert placed.files()["spare-https-0.sticky"] == slots.STICKY
    assert place(Placement.of([sticky]), FRONT, {}, HERE) == Placement.of([sticky])


def test_a_plain_route_that_is_gone_needs_none():
    assert place(Placement.of([WEB]), FRONT, {}, HERE) == Placement.of([WEB])
