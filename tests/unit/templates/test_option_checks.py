from __future__ import annotations

import pytest

from convox.core.errors import InvalidError
from convox.templates.option_checks import parse

VPC = {"ExistingVpc": "vpc-0123456789abcdef0", "VPCCIDR": "172.20.0.0/20"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"Tenancy": "dedicated", "InstanceType": "t2.medium"}, "does not go with InstanceType"),
        ({"Tenancy": "dedicated", "BuildInstance": "t2.medium"}, "does not go with BuildInstance"),
        (
            {"InstanceType": "m7g.large", "BuildInstance": "t3.medium"},
            "builds for x86_64, but InstanceType=m7g.large runs arm64",
        ),
        ({"PrivateApi": "Yes", "Private": "No"}, "PrivateApi=Yes needs private subnets"),
        ({"InternalOnly": "Yes"}, "set Internal=Yes too"),
        ({"InternetGateway": "igw-0123456789abcdef0"}, "is for an ExistingVpc"),
        ({"ExistingVpc": VPC["ExistingVpc"]}, "needs VPCCIDR"),
        (VPC, "needs InternetGateway"),
        ({"AvailabilityZones": "us-east-1a,us-east-1b"}, "us-east-1a is not in eu-west-1"),
        ({"AvailabilityZones": "eu-west-1a,eu-west-1a"}, "named twice"),
        (
            {"AvailabilityZones": "eu-west-1a,eu-west-1b", "MaxAvailabilityZones": "3"},
            "MaxAvailabilityZones=3 but 2",
        ),
        ({"Subnet2CIDR": "10.0.0.0/24", "MaxAvailabilityZones": "2"}, "Subnet2CIDR has no use"),
        ({"Subnet0CIDR": "192.168.0.0/24"}, "outside VPCCIDR"),
        ({"Subnet0CIDR": "10.0.0.0/20", "SubnetTask0CIDR": "10.0.8.0/24"}, "overlaps Subnet0CIDR"),
        ({"OnDemandMinCount": "2"}, "without SpotInstanceBid"),
        ({"InstanceCount": "1"}, "HighAvailability=Yes needs at least 2"),
        ({"HostedZone": "Z0123456789ABC"}, "needs Domain"),
        ({"Certificate": CERTIFICATE}, "Certificate is of us-east-1, the rack of eu-west-1"),
    ],
)
def test_what_cannot_go_together_is_told_before_anything_is_called(words, said):
    with pytest.raises(InvalidError) as caught:
        parse(words, "eu-west-1")

    assert said in caught.value.wire


@pytest.mark.parametrize(
    "words",
    [
        {"Tenancy": "dedicated", "InstanceType": "m7g.large", "BuildInstance": "t4g.medium"},
        {**VPC, "InternetGateway": "igw-0123456789abcdef0"},
        {
            **VPC,
            "PrivateApi": "Yes",
            "Internal": "Yes",
            "InternalOnly": "Yes",
            "NatGateways": "none",
        },
        {"HighAvailability": "No", "InstanceCount": "1"},
    ],
)
def test_what_goes_together_is_taken(words):
    assert parse(words, "eu-west-1").given >= words.keys()


def test_a_gateway_that_nothing_would_use_is_refused():
    words = {**VPC, "PrivateApi": "Yes", "Internal": "Yes", "InternalOnly": "Yes"}

    with pytest.raises(InvalidError, match="has no use"):
        parse(
            {**words, "NatGateways": "none", "InternetGateway": "igw-0123456789abcdef0"},
            "eu-west-1",
        )
