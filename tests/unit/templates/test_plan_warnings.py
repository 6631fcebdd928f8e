from __future__ import annotations

import pytest

from convox.templates.plan_warnings import warnings
from tests.unit.templates.worlds import EXISTING, spec

QUIET = {
    "WhiteList": "198.51.100.0/24",
    "NatGateways": "per-zone",
    "Domain": "a.example.com",
    "HostedZone": "Z0123456789ABC",
}


def test_a_careful_rack_has_nothing_to_be_warned_of():
    assert list(warnings(spec(QUIET))) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"WhiteList": ""}, "the API can be reached from everywhere"),
        ({"Private": "No"}, "instances get public addresses"),
        ({"NatGateways": "none"}, "apps reach AWS services with an endpoint"),
        ({"HighAvailability": "No"}, "their loss is an outage"),
        ({"NatGateways": "one"}, "per-zone costs a gateway in each"),
        ({"SpotInstanceBid": "0.1"}, "3 are never spot"),
        ({"InstanceType": "t3.medium"}, "holds 2 tasks at most"),
        ({"Tenancy": "dedicated"}, "balancers, NAT gateways"),
        ({"HostedZone": ""}, "you make its records yourself"),
    ],
)
def test_each_risk_is_one_sentence(words, said):
    [one] = warnings(spec({**QUIET, **words}))

    assert said in one


def test_without_names_and_in_an_existing_vpc_more_is_told():
    found = " ".join(warnings(spec({**EXISTING, "Tenancy": "dedicated"})))

    assert "self-signed" in found
    assert "keeps its own tenancy" in found
