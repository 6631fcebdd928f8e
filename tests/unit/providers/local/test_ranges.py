"""Choosing a range of addresses from the routes of a machine."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from convox.core.errors import ConflictError, FailedError
from convox.providers.local.ranges import HostRoute, choose, claim, routes_of

TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
br-1\tC0FF4D0A\t00000000\t0001\t0\t0\t0\tC0FFFFFF\t0\t0\t0
"""


def routes(*texts: str) -> list[HostRoute]:
    return [HostRoute(IPv4Network(text), "eth1") for text in texts]


def test_the_table_is_read_without_its_default_route():
    assert routes_of(TABLE) == [
        HostRoute(IPv4Network("172.17.0.0/16"), "docker0"),
        HostRoute(IPv4Network("10.77.255.192/26"), "br-1"),
    ]


def test_a_table_that_is_empty_or_cut_short_has_no_routes():
    assert routes_of("") == []
    assert routes_of(TABLE.splitlines()[0] + "\neth0\t00000000\n") == []


def test_the_first_range_that_nothing_overlaps_is_picked():
    assert choose("", []) == "10.77.0.0/16"
    assert choose("", routes_of(TABLE)) == "10.78.0.0/16"


def test_a_range_that_contains_a_candidate_excludes_it():
    assert choose("", routes("10.0.0.0/8")) == "172.31.0.0/16"


def test_no_free_range_says_what_to_pass():
    with pytest.raises(ConflictError, match="no private range") as caught:
        choose("", routes("10.0.0.0/8", "172.16.0.0/12"))

    assert "Cidr=" in caught.value.fix


def test_a_range_that_was_asked_for_is_kept_if_it_is_free():
    assert choose("192.168.0.0/20", routes("10.0.0.0/8")) == "192.168.0.0/20"


def test_a_range_that_overlaps_is_refused_with_the_interface():
    with pytest.raises(ConflictError, match=r"Cidr=10.1.0.0/16 overlaps 10.1.2.0/24") as caught:
        choose("10.1.0.0/16", routes("10.1.2.0/24"))

    assert "eth1" in caught.value.why


OVERLAPPED = FailedError("cannot create network", why="Pool overlaps with other one")


def test_a_range_that_somebody_takes_meanwhile_is_passed_over():
    asked = []

    def take(cidr: str) -> None:
        asked.append(cidr)
        if len(asked) < 3:
            raise OVERLAPPED

    assert claim("", routes_of(TABLE), take) == "10.80.0.0/16"
    assert asked == ["10.78.0.0/16", "10.79.0.0/16", "10.80.0.0/16"]


def test_a_range_that_was_asked_for_is_not_replaced():
    asked = []

    def take(cidr: str) -> None:
        asked.append(cidr)
        raise OVERLAPPED

    with pytest.raises(ConflictError, match=r"Cidr=192\.168\.0\.0/20 overlaps a network"):
        claim("192.168.0.0/20", [], take)
    assert asked == ["192.168.0.0/20"]


def test_another_failure_is_told_as_it_is_and_not_tried_again():
    asked = []

    def take(cidr: str) -> None:
        asked.append(cidr)
        raise FailedError("cannot create network", why="no space left")

    with pytest.raises(FailedError, match="cannot create network"):
        claim("", [], take)
    assert len(asked) == 1


def test_an_engine_that_refuses_every_range_is_believed_in_the_end():
    asked = []

    def take(cidr: str) -> None:
        asked.append(cidr)
        raise OVERLAPPED

    with pytest.raises(ConflictError, match="no range of addresses could be had"):
        claim("", [], take)
    assert len(asked) == len(set(asked)) == 20
