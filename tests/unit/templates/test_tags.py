from __future__ import annotations

import pytest

from convox.templates.model import Resource
from convox.templates.tags import LISTED, tag_list, tagged
from tests.unit.templates.worlds import NAMED, named


def test_own_tags_stay_behind_ours():
    made = tagged("Q", Resource("AWS::KMS::Key", {"Tags": {"convox:for": "X=Yes"}}), "p")

    assert made.properties["Tags"] == tag_list({"convox:rack": "p", "convox:for": "X=Yes"})


def test_what_ec2_shows_by_name_is_named():
    made = tagged("Vpc", Resource("AWS::EC2::VPC", {}), "p")

    assert {"Key": "Name", "Value": "p Vpc"} in made.properties["Tags"]


def test_a_type_without_tags_is_left_alone():
    one = Resource("AWS::EC2::Route", {})

    assert tagged("R", one, "p") is one


@pytest.mark.parametrize("which", NAMED)
def test_everything_that_takes_tags_carries_the_racks(which):
    for template in named(which).values():
        for one in template.resources.values():
            if one.type in LISTED:
                assert any(tag["Key"] == "convox:rack" for tag in one.properties["Tags"])
