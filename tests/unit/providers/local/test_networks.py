"""Which subnet an app gets, and the network that is made of it."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import ConflictError, FailedError, UnavailableError
from convox.providers.local.networks import Networks, allocate

RANGE = "10.77.0.0/16"
SUBNETS = st.sampled_from([str(n) for n in IPv4Network("10.77.0.0/22").subnets(new_prefix=26)])


def test_the_first_subnet_that_is_free_is_taken():
    assert allocate(RANGE, []) == "10.77.0.0/26"
    assert allocate(RANGE, ["10.77.0.0/26", "10.77.0.64/26"]) == "10.77.0.128/26"


def test_what_is_used_may_be_of_any_size():
    assert allocate(RANGE, ["10.77.0.0/24"]) == "10.77.1.0/26"
    assert allocate(RANGE, ["10.77.0.7/32"]) == "10.77.0.64/26"


def test_what_contains_the_whole_range_takes_nothing_of_it():
    assert allocate(RANGE, ["10.0.0.0/8", RANGE]) == "10.77.0.0/26"


def test_the_subnet_from_before_is_kept_if_it_is_free():
    assert allocate(RANGE, [], "10.77.9.0/26") == "10.77.9.0/26"
    assert allocate(RANGE, ["10.77.9.0/26"], "10.77.9.0/26") == "10.77.0.0/26"


def test_a_subnet_of_another_range_is_not_kept():
    assert allocate(RANGE, [], "10.78.0.0/26") == "10.77.0.0/26"


def test_a_full_range_is_told_with_the_way_out():
    taken = [str(subnet) for subnet in IPv4Network("10.77.0.0/24").subnets(new_prefix=26)]

    with pytest.raises(FailedError, match=r"no subnet of 10\.77\.0\.0/24 is free") as caught:
        allocate("10.77.0.0/24", taken)
    assert "larger Cidr" in caught.value.fix


@given(st.lists(SUBNETS))
def test_what_is_allocated_overlaps_nothing(taken: list[str]):
    found = IPv4Network(allocate(RANGE, taken))

    assert found.subnet_of(IPv4Network(RANGE))
    assert not any(found.overlaps(IPv4Network(other)) for other in taken)


def test_each_app_gets_a_network_of_its_own(core):
    for name in ("one", "two"):
        core.app(name)
        core.networks.ensure(name)

    networks = core.engine.networks({})
    assert [(n.name, n.cidr) for n in networks] == [
        ("convox.rack.one", "10.77.0.0/26"),
        ("convox.rack.two", "10.77.0.64/26"),
    ]
    assert networks[0].labels == core.layout.labels("network", "one")
    assert core.row("two").network_cidr == "10.77.0.64/26"


def test_a_network_that_is_there_is_left_alone(core):
    core.app()
    core.networks.ensure("app")
    core.networks.ensure("app")

    assert [name for name, _ in core.engine.calls].count("network_create") == 1


def test_a_network_that_was_removed_comes_back_with_its_subnet(core):
    for name in ("one", "two"):
        core.app(name)
        core.networks.ensure(name)
    core.networks.remove("two")

    core.networks.ensure("two")

    assert core.row("two").network_cidr == "10.77.0.64/26"


def test_networks_and_routes_of_others_are_avoided(core):
    core.engine.network_create("other", "10.77.0.0/26", {})
    table = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "tun0\t40004D0A\t0\t1\t0\t0\t0\tC0FFFFFF\t0\t0\t0\n"
    )
    networks = Networks(
        core.engine,
        core.store,
        core.layout,
        RANGE,
        ("10.77.0.128/26",),
        host_routes=lambda: table,
    )
    core.app()

    networks.ensure("app")

    assert core.row().network_cidr == "10.77.0.192/26"


def test_a_subnet_that_the_engine_refuses_is_followed_by_the_next(core):
    class Refusing(type(core.engine)):
        def network_create(self, name, cidr, labels, *, internal=False):
            if cidr == "10.77.0.0/26":
                raise FailedError("cannot create network", why="pool overlaps")
            return super().network_create(name, cidr, labels, internal=internal)

    engine = Refusing()
    networks = Networks(engine, core.store, core.layout, RANGE, host_routes=lambda: "")
    core.app()

    networks.ensure("app")

    assert core.row().network_cidr == "10.77.0.64/26"


def test_a_foreign_network_of_that_name_is_told(core):
    core.app()
    core.engine.network_create("convox.rack.app", "192.168.9.0/24", {})

    with pytest.raises(ConflictError, match=r"convox\.rack\.app"):
        core.networks.ensure("app")


def test_a_dead_engine_is_told(core):
    core.app()
    core.engine.down = True

    with pytest.raises(UnavailableError):
        core.networks.ensure("app")
