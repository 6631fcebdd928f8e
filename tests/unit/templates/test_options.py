from __future__ import annotations

import pytest

from convox import __version__
from convox.core.errors import InvalidError
from convox.templates.option_table import CLASSES, OPTIONS, REFUSED
from convox.templates.options import DEFAULTS, read, unknown


def test_everything_has_its_default_and_defaults_that_follow_are_filled_in():
    options = read({})

    assert options.text("VPCCIDR") == "10.0.0.0/16"
    assert options.text("Version") == __version__
    assert (options.zones, options.number("InstanceCount")) == (3, 3)
    assert options.number("OnDemandMinCount") == 3
    assert options.on("Private")
    assert options.given == frozenset()


def test_without_high_availability_there_is_less_of_everything():
    options = read({"HighAvailability": "No"})

    assert (options.zones, options.number("InstanceCount")) == (2, 1)


def test_named_zones_say_how_many_there_are():
    assert read({"AvailabilityZones": "eu-west-1a,eu-west-1b"}).zones == 2


@pytest.mark.parametrize(
    ("text", "value"), [("yes", "Yes"), ("TRUE", "Yes"), ("no", "No"), ("false", "No")]
)
def test_yes_and_no_are_read_as_people_write_them(text, value):
    assert read({"Internal": text}).text("Internal") == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Private", "maybe"),
        ("Private", ""),
        ("Tenancy", "host"),
        ("InstanceCount", "0"),
        ("InstanceCount", "-1"),
        ("InstanceCount", "٣"),
        ("VolumeSize", "10"),
        ("LogRetention", "31"),
        ("VPCCIDR", "10.0.0.0/8"),
        ("WhiteList", "198.51.100.0/24,x"),
        ("WhiteList", "198.51.100.1/24"),
        ("InstanceType", "large"),
        ("ExistingVpc", "vpc-XYZ"),
        ("Domain", "http://example.com"),
        ("Domain", "localhost"),
        ("Certificate", "arn:aws:iam::1:server-certificate/x"),
        ("SpotInstanceBid", "cheap"),
        ("Version", "latest"),
        ("SslPolicy", "TLS"),
        ("MaxAvailabilityZones", "4"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_name_and_value(name, text):
    with pytest.raises(InvalidError) as caught:
        read({name: text})

    assert caught.value.what.startswith(f"{name}={text}") or f"{name}=" in caught.value.what


def test_more_ranges_than_a_group_holds_are_refused():
    with pytest.raises(InvalidError, match="60 ranges, at most 50"):
        read({"WhiteList": ",".join(f"198.51.100.{n}/32" for n in range(60))})


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_every_other_name_of_the_incumbents_is_refused_with_its_reason(name):
    with pytest.raises(InvalidError) as caught:
        read({name: "x"})

    assert caught.value.what == f"{name} is not an option of this rack"
    assert caught.value.why == REFUSED[name]


def test_no_name_is_an_option_and_refused():
    assert DEFAULTS.keys() & REFUSED.keys() == set()
    assert {change for _, _, _, change, _ in OPTIONS} <= CLASSES.keys()


def test_a_misspelt_name_is_told_the_nearest():
    assert unknown("tenancy").why == "did you mean Tenancy?"
    assert unknown("InstanceTyp").why == "did you mean InstanceType?"
    assert "rack-options.md" in unknown("Qqqqqq").why


def test_features_follow_from_options():
    assert read({}).features == {"self-signed"}
    assert read(
        {"Domain": "a.example.com", "PrivateApi": "Yes", "NatGateways": "none"}
    ).features == {
        "printed-records",
        "private-api",
        "prefix-lists",
    }


def test_builds_are_of_the_architecture_that_apps_run_on():
    assert read({"InstanceType": "c7g.xlarge"}).instance("BuildInstance").architecture == "arm64"
    assert read({}).instance("BuildInstance").architecture == "x86_64"
    assert read({"BuildInstance": "c7g.large"}).text("BuildInstance") == "c7g.large"
