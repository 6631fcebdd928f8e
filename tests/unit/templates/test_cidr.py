from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import InvalidError
from convox.templates import cidr

PLACES = [(kind, zone) for kind in cidr.KINDS for zone in range(cidr.ZONES)]


def assert_sound(within, found):
    assert set(found) == set(PLACES)
    assert all(one.subnet_of(within) for one in found.values())
    assert not any(a.overlaps(b) for a, b in itertools.combinations(found.values(), 2))


@given(st.integers(16, 23), st.integers(0, 2**16 - 1))
def test_every_vpc_holds_a_whole_layout_that_never_overlaps(bits, number):
    within = cidr.Network((number << (32 - bits) & 0xFFFFFFFF, bits))

    assert_sound(within, cidr.layout(within, {}))


@given(st.sampled_from(PLACES), st.integers(20, 28), st.integers(0, 2**12 - 1))
def test_a_given_subnet_is_taken_as_it_is_and_the_rest_fits_around_it(place, bits, number):
    within = cidr.vpc("10.0.0.0/16")
    blocks = 2 ** (bits - 16)
    given_one = cidr.Network((int(within[0]) + (number % blocks << (32 - bits)), bits))

    found = cidr.layout(within, {place: given_one})

    assert found[place] == given_one
    assert_sound(within, found)


@pytest.mark.parametrize("bad", ["", "10.0.0.0", "10.0.0.1/16", "10.0.0.0/15", "10.0.0.0/24", "x"])
def test_a_vpc_of_another_size_or_shape_is_refused(bad):
    with pytest.raises(InvalidError, match="VPCCIDR="):
        cidr.vpc(bad)


def test_a_subnet_outside_is_named_with_both_ranges():
    with pytest.raises(InvalidError, match=r"Subnet0CIDR=10.1.0.0/24: outside VPCCIDR=10.0.0.0/16"):
        cidr.layout(cidr.vpc("10.0.0.0/16"), {("Public", 0): cidr.Network("10.1.0.0/24")})


def test_two_subnets_that_overlap_are_both_named():
    taken = {("Task", 0): cidr.Network("10.0.0.0/20"), ("Data", 1): cidr.Network("10.0.8.0/24")}

    with pytest.raises(InvalidError, match=r"SubnetData1CIDR=.*overlaps SubnetTask0CIDR="):
        cidr.layout(cidr.vpc("10.0.0.0/16"), taken)


def test_no_room_left_is_told_with_what_to_do():
    with pytest.raises(InvalidError, match=r"no room in VPCCIDR=10.0.0.0/23 for 11") as caught:
        cidr.layout(cidr.vpc("10.0.0.0/23"), {("Public", 0): cidr.Network("10.0.0.0/24")})

    assert "larger VPCCIDR" in caught.value.fix
