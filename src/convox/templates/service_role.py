"""The permissions that CloudFormation needs for our stacks: the handlers' own, narrowed.

`service_statements` is what the service role may do for the stacks that a rack has and its apps
will have; `installer_statements` is what the installer may do for the identity stack. Each
statement's reason names the resource types it comes from. Read narrowing.py for the review.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from convox.templates.handler_review import ADDED, DROPPED, EXPANDED
from convox.templates.iam import Condition, Statement, merged, owned, tagging
from convox.templates.narrowing import PASSED, SERVICE, Row
from convox.templates.narrowing_installer import INSTALLER
from convox.templates.options import Options
from convox.templates.prefix import TAG, Names

APP_TYPES = frozenset({"AWS::IAM::Role", "AWS::ElasticLoadBalancingV2::ListenerRule"})
"""Types that only stacks of apps hold; their other types are the rack's as well."""

_EC2_CREATORS = (
    "AllocateAddress",
    "CreateFlowLogs",
    "CreateInternetGateway",
    "CreateLaunchTemplate",
    "CreateNatGateway",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateVpc",
    "CreateVpcEndpoint",
    "RunInstances",
)
_ELB_CREATORS = ("CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup")


def service_statements(types: Iterable[str], names: Names, options: Options) -> list[Statement]:
    """Return what the service role may do to hold stacks of these types."""
    return _statements(frozenset(types) | APP_TYPES, SERVICE, names, options)


def installer_statements(types: Iterable[str], names: Names, options: Options) -> list[Statement]:
    """Return what the installer may do to hold the identity stack."""
    return _statements(frozenset(types), INSTALLER, names, options)


def handler_actions(resource_type: str) -> frozenset[str]:
    """Return the actions of a type's handlers that a stack runs, wildcards expanded.

    Handlers that list are left out: stacks never run them.

    Raises:
        KeyError: data/handlers.json lacks the type.
    """
    listed = _handlers()[resource_type]
    raw = {a for kind, actions in listed.items() if kind != "list" for a in actions}
    raw |= set(ADDED.get(resource_type, "").split())
    return frozenset(one for action in raw for one in EXPANDED.get(action, action).split())


def dropped() -> dict[str, str]:
    """Return each action that is never granted, with the reason."""
    return {action: reason for reason, actions in DROPPED for action in actions.split()}


@cache
def _handlers() -> Mapping[str, Mapping[str, list[str]]]:
    path = Path(__file__).with_name("data") / "handlers.json"
    types: dict[str, dict[str, list[str]]] = json.loads(path.read_text())["types"]
    return types


def _statements(
    types: frozenset[str], rows: tuple[Row, ...], names: Names, options: Options
) -> list[Statement]:
    needed: dict[str, list[str]] = {}
    for one in sorted(types):
        for action in handler_actions(one):
            needed.setdefault(action, []).append(one.removeprefix("AWS::"))
    found = [
        _statement(row, action, needed[action], names, options)
        for row in rows
        for action in row[2].split()
        if action in needed
    ]
    return merged([*found, *_passed(types, names)])


def _statement(
    row: Row, action: str, types: list[str], names: Names, options: Options
) -> Statement:
    fence, shorts, _ = row
    if fence == "vpc":
        fence = "name" if options.text("ExistingVpc") else "tag"
    resources = tuple(_arn(short, names, options) for short in shorts)
    conditions = _fence(fence, names, options)
    return Statement((action,), resources, conditions, f"handlers of {', '.join(types)}")


def _arn(short: str, names: Names, options: Options) -> str:
    if short == "*":
        return short
    if short == "{vpc}":
        return names.arn(f"ec2:vpc/{options.text('ExistingVpc') or '*'}")
    return names.arn(short.replace("{zone}", options.text("HostedZone")))


def _passed(types: frozenset[str], names: Names) -> list[Statement]:
    return [
        Statement(
            ("iam:PassRole",),
            tuple(names.arn(short) for short in PASSED[one][1]),
            (("StringEquals", "iam:PassedToService", (PASSED[one][0],)),),
            f"{one.removeprefix('AWS::')} hands the role to {PASSED[one][0]}",
        )
        for one in sorted(types)
        if one in PASSED
    ]


def _fence(fence: str, names: Names, options: Options) -> tuple[Condition, ...]:
    prefix = names.prefix
    boundary = names.arn("iam:policy/convox/{prefix}/kernel/{prefix}-workload")
    launched_by = names.arn("ec2:launch-template/*")
    kept = ("ForAllValues:StringNotEquals", "aws:TagKeys", (TAG,))
    fences: dict[str, tuple[Condition, ...]] = {
        "name": (),
        "read": (),
        "tag": (owned(prefix),),
        "new": (tagging(prefix),),
        "retag": (owned(prefix), _with_operator("StringEqualsIfExists", tagging(prefix))),
        "untag": (owned(prefix), kept),
        "ec2-create": (tagging(prefix), ("StringEquals", "ec2:CreateAction", _EC2_CREATORS)),
        "elb-create": (
            tagging(prefix),
            ("StringEquals", "elasticloadbalancing:CreateAction", _ELB_CREATORS),
        ),
        "launch": (("ArnLike", "ec2:LaunchTemplate", (launched_by,)),),
        "launch-new": (tagging(prefix), ("ArnLike", "ec2:LaunchTemplate", (launched_by,))),
        "boundary": (("StringEquals", "iam:PermissionsBoundary", (boundary,)),),
        "grant": (
            owned(prefix),
            ("Bool", "kms:GrantIsForAWSResource", ("true",)),
            _via("dynamodb"),
        ),
        "through-data": (owned(prefix), _via("dynamodb", "secretsmanager")),
        "policies": (("ArnLike", "iam:PolicyARN", (names.arn(_OWN_POLICIES),)),),
        "records": (_records(options),),
    }
    return fences[fence]


_OWN_POLICIES = "iam:policy/convox/{prefix}/kernel/{prefix}-*"


def _with_operator(operator: str, condition: Condition) -> Condition:
    """Return a condition with another operator."""
    return (operator, condition[1], condition[2])


def _via(*services: str) -> Condition:
    hosts = tuple(f"{service}.${{AWS::Region}}.amazonaws.com" for service in services)
    return ("StringEquals", "kms:ViaService", hosts)


def _records(options: Options) -> Condition:
    domain = options.text("Domain")
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    return ("ForAllValues:StringLike", key, (domain, f"*.{domain}"))
