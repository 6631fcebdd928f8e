from __future__ import annotations

from convox.templates.groups import between, group, group_id, rule
from convox.templates.model import GetAtt, Ref


def test_a_group_without_egress_lets_nothing_out():
    made = group("closed", Ref("VpcId"))

    assert "SecurityGroupIngress" not in made.properties
    [only] = made.properties["SecurityGroupEgress"]
    assert only["CidrIp"] == "127.0.0.1/32"


def test_rules_say_one_port_and_why():
    assert rule(443, "asked by X", CidrIp="0.0.0.0/0") == {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "CidrIp": "0.0.0.0/0",
        "Description": "asked by X",
    }


def test_two_groups_are_joined_by_rules_of_their_own_in_both():
    made = between("A", "B", 5443, "requests")

    assert made["AToB"].type == "AWS::EC2::SecurityGroupEgress"
    assert made["AToB"].properties["GroupId"] == GetAtt("A", "GroupId")
    assert made["BFromA"].properties["SourceSecurityGroupId"] == GetAtt("A", "GroupId")
    assert made["BFromA"].properties["ToPort"] == 5443


def test_a_group_of_another_stack_is_a_parameter():
    assert group_id("@InstanceSecurityGroup") == Ref("InstanceSecurityGroup")
