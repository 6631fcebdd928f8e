from __future__ import annotations

from convox import __version__
from convox.templates.model import Ref, Resource
from convox.templates.spec import Part, subnets, subnets_parameter, template
from tests.unit.templates.worlds import spec


def test_a_stack_says_the_rack_and_the_options_that_differ():
    made = template(spec({"Tenancy": "dedicated", "Private": "Yes"}), "it")

    assert made.metadata == {
        "Convox": {"Rack": "prod", "Options": {"Version": __version__, "Tenancy": "dedicated"}}
    }


def test_parts_are_joined_and_tagged():
    one = spec({})
    made = template(one, "it", Part({"A": Resource("AWS::KMS::Key", {})}), Part())

    assert made.description == f"{one.names.prefix}: it"
    assert made.resources["A"].properties["Tags"][0]["Value"] == one.names.prefix


def test_subnets_come_as_a_parameter():
    assert subnets("Task") == Ref("TaskSubnets")
    assert subnets_parameter("Task")["TaskSubnets"].type == "List<AWS::EC2::Subnet::Id>"
