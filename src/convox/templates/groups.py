"""Security groups and their rules: every opening says which option asked for it.

A group never keeps AWS's default of letting everything out. Rules between two groups are resources
of their own, because groups that name each other could never be deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from convox.templates.model import GetAtt, Ref, Resource, Value

_NOTHING = {"CidrIp": "127.0.0.1/32", "IpProtocol": "-1", "Description": "nothing is let out"}
"""A group without egress would get everything."""


def rule(port: int, why: str, **peer: Value) -> dict[str, Value]:
    """Return a rule for one TCP port with `CidrIp`, a prefix list or a group as the peer."""
    shape: dict[str, Value] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    return {**shape, **peer, "Description": why}


def group(
    description: str,
    vpc: Value,
    ingress: Iterable[Mapping[str, Value]] = (),
    egress: Iterable[Mapping[str, Value]] = (),
) -> Resource:
    """Return a group that lets in and out what the rules say and no more."""
    properties: dict[str, Value] = {"GroupDescription": description, "VpcId": vpc}
    if rules := list(ingress):
        properties["SecurityGroupIngress"] = rules
    properties["SecurityGroupEgress"] = list(egress) or [_NOTHING]
    return Resource("AWS::EC2::SecurityGroup", properties)


def between(source: str, target: str, port: int, why: str) -> dict[str, Resource]:
    """Return the two rules that let a group of this stack reach another of this stack."""
    return {
        f"{source}To{target}": Resource(
            "AWS::EC2::SecurityGroupEgress",
            {
                "GroupId": group_id(source),
                "DestinationSecurityGroupId": group_id(target),
                **rule(port, why),
            },
        ),
        f"{target}From{source}": Resource(
            "AWS::EC2::SecurityGroupIngress",
            {
                "GroupId": group_id(target),
                "SourceSecurityGroupId": group_id(source),
                **rule(port, why),
            },
        ),
    }


def group_id(name: str) -> Value:
    """Return the id of a group: of this stack, or a parameter if it is `@NAME`."""
    return Ref(name[1:]) if name.startswith("@") else GetAtt(name, "GroupId")
