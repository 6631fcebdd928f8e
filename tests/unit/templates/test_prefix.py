"""No rack's patterns meet the names of another: decided over patterns, not tried on samples."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convox.core.errors import InvalidError
from convox.security.globs import meeting
from convox.templates.prefix import Names, names

SHORTS = (
    "dynamodb:table/{prefix}-*",
    "secretsmanager:secret:{prefix}-*",
    "cloudformation:stack/{prefix}-rack-*/*",
    "cloudformation:stack/{prefix}-app-*/*",
    "iam:role/convox/{prefix}/app/{prefix}-*",
    "iam:role/convox/{prefix}/kernel/{prefix}-*",
    "s3:{bucket}",
    "logs:log-group:{prefix}-*",
)
LETTERS = "abpr019-"


def named(text: str) -> Names:
    try:
        return names(text, "eu-west-1")
    except InvalidError:
        assume(False)
        raise


def pattern(one: Names, short: str) -> str:
    """An ARN pattern in one account; the region is filled in, as it is part of what tells apart."""
    arn = one.arn(short).replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "1" * 12)
    return arn.replace("${AWS::Region}", one.region)


def assert_apart(one: Names, other: Names) -> None:
    assert meeting([f"{one.prefix}-*"], [f"{other.prefix}-*"]) is None
    assert not f"{other.prefix}-".startswith(f"{one.prefix}-")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("prod", "prod-eu"),
        ("prod", "prod2"),
        ("prod", "pro"),
        ("a", "a-a"),
        ("a", "a-0b0b0b0"),
        ("prod", "prod-rack"),
        ("prod-app", "prod"),
    ],
)
def test_a_rack_never_meets_one_with_a_name_like_it(one, other):
    a, b = names(one, "eu-west-1"), names(other, "eu-west-1")

    assert_apart(a, b)
    for short in SHORTS:
        assert meeting([pattern(a, short)], [pattern(b, short)]) is None


def test_a_rack_never_meets_its_namesake_in_another_region():
    assert_apart(names("prod", "eu-west-1"), names("prod", "us-east-1"))


@given(st.text(LETTERS, min_size=1, max_size=10), st.text(LETTERS, max_size=12))
def test_no_name_that_continues_another_meets_it(short, more):
    one, other = named(f"a{short}"), named(f"a{short}{more}")
    assume(one != other)

    assert_apart(one, other)


@given(st.text(LETTERS, min_size=1, max_size=6))
def test_a_prefix_as_a_name_is_refused_or_apart(short):
    one = named(f"a{short}")
    for continued in (one.prefix, f"{one.prefix}-x", f"{one.prefix}x"):
        try:
            other = names(continued, "eu-west-1")
        except InvalidError:
            continue
        assert_apart(one, other)


def test_every_prefix_begins_with_the_name_and_ends_with_the_mark():
    assert re.fullmatch(r"prod-([0-9][a-z]){4}", names("prod", "eu-west-1").prefix)


@pytest.mark.parametrize(
    "bad",
    ["", "1a", "-a", "a-", "A", "a_b", "a.b", "a" * 24, "a--b", "x-1a2b3c4d", "a*", "a\n", "ä"],
)
def test_names_that_could_confuse_are_refused_with_the_name(bad):
    with pytest.raises(InvalidError) as caught:
        names(bad, "eu-west-1")

    assert repr(bad) in caught.value.what
    assert caught.value.why


@pytest.mark.parametrize("good", ["a", "a" * 23, "prod-eu", "a1", "a-1a2b3c4"])
def test_names_of_the_promised_kind_are_taken(good):
    assert names(good, "eu-west-1").rack == good


@pytest.mark.parametrize("bad", ["", "eu", "eu-west", "EU-WEST-1", "eu-west-1a", "eu west 1"])
def test_a_region_is_spelled_as_regions_are(bad):
    with pytest.raises(InvalidError, match="invalid region"):
        names("prod", bad)


def test_arns_leave_out_what_a_service_does_not_have():
    one = names("prod", "eu-west-1")

    assert one.arn("iam:role/x") == "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x"
    assert one.arn("s3:x") == "arn:${AWS::Partition}:s3:::x"
    assert one.arn("ec2::image/*") == "arn:${AWS::Partition}:ec2:${AWS::Region}::image/*"
    assert one.role("api").endswith(f":role/convox/{one.prefix}/kernel/{one.prefix}-api")


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_the_partition_follows_the_region(region, partition):
    assert names("prod", region).partition == partition
