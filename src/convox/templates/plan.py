"""What a rack will be, as values to print: read off the templates, so that it cannot differ.

`plan` is for machines as it is; plan_text.py says the same to a person. Nothing here decides what
is made. Openings are every rule and listener of the templates, not those that were meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from convox.templates.capacity import pools
from convox.templates.endpoints import GATEWAY, interface_endpoints
from convox.templates.iam import Call, Statement, explained
from convox.templates.model import Json, Resource, Template, render
from convox.templates.option_table import CLASSES, OPTIONS
from convox.templates.permissions import (
    execution_statements,
    flow_statements,
    instance_statements,
    kernel_statements,
    workload_statements,
)
from convox.templates.plan_warnings import warnings
from convox.templates.rack import account_parameters, installer, stacks
from convox.templates.service_role import service_statements
from convox.templates.spec import IDENTITIES, Spec
from convox.templates.tags import REASON

_KEEPING = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
"""Types that hold what cannot be made again."""
_PEERS = (
    "CidrIp",
    "SourceSecurityGroupId",
    "DestinationSecurityGroupId",
    "DestinationPrefixListId",
)


def plan(spec: Spec, installs: Iterable[Call]) -> dict[str, Json]:
    """Return everything that will exist, be open and be allowed.

    Args:
        spec: the rack.
        installs: what the installer calls.
    """
    made = stacks(spec)
    return {
        "rack": spec.names.rack,
        "region": spec.names.region,
        "prefix": spec.names.prefix,
        "options": {name: spec.options.text(name) for name in sorted(spec.options.given)},
        "stacks": _stacks(made),
        "network": _network(spec),
        "compute": _compute(spec),
        "data": _data(made),
        "identities": _identities(spec, made, installs),
        "listeners": _listeners(made),
        "inbound": _rules(made, "Ingress"),
        "outbound": _rules(made, "Egress"),
        "changes": _changes(),
        "warnings": list(warnings(spec)),
    }


def _stacks(made: Mapping[str, Template]) -> Json:
    asked = account_parameters(made)
    return [
        {
            "name": name,
            "resources": len(one.resources),
            "bytes": len(one.minified()),
            "asks_the_account_for": list(asked[name]),
        }
        for name, one in made.items()
    ]


def _network(spec: Spec) -> Json:
    options = spec.options
    named = options.many("AvailabilityZones")
    kinds = [*(["Public"] if options.public else []), "Instance", "Task", "Data"]
    return {
        "vpc": options.text("ExistingVpc") or "new",
        "range": options.text("VPCCIDR"),
        "tenancy": options.text("Tenancy"),
        "nat_gateways": options.text("NatGateways"),
        "flow_logs": options.text("FlowLogs"),
        "endpoints": [*GATEWAY, *interface_endpoints(spec)],
        "subnets": [
            {
                "kind": kind.lower(),
                "zone": named[z] if named else f"zone {z}",
                "range": str(options.subnets[kind, z]),
                "way_out": _way_out(spec, kind),
            }
            for kind in kinds
            for z in range(options.zones)
        ],
    }


def _way_out(spec: Spec, kind: str) -> str:
    """Return where something in a subnet of a kind can send packets besides the VPC."""
    if kind == "Data":
        return "none"
    if kind == "Public" or (kind == "Instance" and not spec.options.on("Private")):
        return "internet gateway"
    nat = spec.options.text("NatGateways")
    if nat == "none":
        return "endpoints of AWS services only"
    return "NAT gateway of its zone" if nat == "per-zone" else "NAT gateway of the first zone"


def _compute(spec: Spec) -> Json:
    found: list[Json] = []
    for one in pools(spec):
        kind = spec.options.instance("InstanceType" if one.name == "apps" else "BuildInstance")
        bid = spec.options.text("SpotInstanceBid") if one.name == "apps" else ""
        found.append(
            {
                "pool": one.name,
                "type": kind.name,
                "architecture": kind.architecture,
                "tenancy": spec.options.text("Tenancy"),
                "least": one.least,
                "most": one.most,
                "never_spot": spec.options.number("OnDemandMinCount") if bid else one.most,
                "disk_gib": spec.options.number("VolumeSize"),
                "tasks_an_instance": kind.tasks,
                "public_address": not spec.options.on("Private"),
            }
        )
    return found


def _data(made: Mapping[str, Template]) -> Json:
    return [
        {
            "stack": stack,
            "type": one.type,
            "resource": logical,
            "kept": one.keep == "always",
            "kept_when_replaced": bool(one.keep),
        }
        for stack, logical, one in _resources(made)
        if one.type in _KEEPING
    ]


def _identities(spec: Spec, made: Mapping[str, Template], installs: Iterable[Call]) -> Json:
    apart = spec.names.stack(IDENTITIES)
    types = {t for name, one in made.items() if name != apart for t in one.types()}
    kernel = kernel_statements(spec)
    held: dict[str, Sequence[Statement]] = {
        "the installer": installer(spec, installs),
        f"{spec.names.prefix}-kernel": kernel,
        f"{spec.names.prefix}-api": kernel,
        f"{spec.names.prefix}-cloudformation": service_statements(types, spec.names, spec.options),
        f"{spec.names.prefix}-instance": instance_statements(spec),
        f"{spec.names.prefix}-api-execution": execution_statements(spec),
        f"{spec.names.prefix}-workload": workload_statements(spec),
    }
    if spec.options.text("FlowLogs") != "none":
        held[f"{spec.names.prefix}-flow-logs"] = flow_statements(spec)
    return [
        {
            "name": name,
            "is": _ROLES[name.removeprefix(f"{spec.names.prefix}-")],
            "permissions": [explained(one) for one in statements],
        }
        for name, statements in held.items()
    ]


_ROLES = {
    "the installer": "whoever installs: makes the identities and the KernelUser's key",
    "kernel": "KernelUser: installs, updates and removes everything else",
    "api": "the rack's API: the same permissions as KernelUser",
    "cloudformation": "the service role: what CloudFormation does for the rack",
    "instance": "the agents on instances; no task can reach it",
    "api-execution": "starts the API: its image, password and log",
    "workload": "the boundary: the most that any identity of an app can have",
    "flow-logs": "writes the log of the network",
}


def _listeners(made: Mapping[str, Template]) -> Json:
    found: list[Json] = []
    for stack, logical, one in _resources(made):
        if one.type == "AWS::ElasticLoadBalancingV2::Listener":
            balancer = str(one.properties["LoadBalancerArn"].name)  # type: ignore[union-attr]
            scheme = made[stack].resources[balancer].properties["Scheme"]
            found.append(
                {
                    "listener": logical,
                    "balancer": balancer,
                    "scheme": render(scheme),
                    "port": render(one.properties["Port"]),
                    "protocol": render(one.properties["Protocol"]),
                    "asked_by": _tag(one, REASON),
                }
            )
    return found


def _rules(made: Mapping[str, Template], direction: str) -> Json:
    """Return every rule of every group in one direction, with what it says it is for."""
    found: list[Json] = []
    for _, logical, one in _resources(made):
        inline = one.properties.get(f"SecurityGroup{direction}", [])
        rules = inline if one.type == "AWS::EC2::SecurityGroup" else []
        if one.type == f"AWS::EC2::SecurityGroup{direction}":
            rules = [one.properties]
        for rule in rules:  # type: ignore[union-attr]
            assert isinstance(rule, Mapping)  # noqa: S101  groups.py makes them
            found.append(_rule(logical, rule))
    return found


def _rule(logical: str, rule: Mapping[str, object]) -> Json:
    peer = next(rule[key] for key in _PEERS if key in rule)
    group = rule.get("GroupId")
    return {
        "group": _name(group) if group is not None else logical,
        "peer": _name(peer),
        "port": str(rule.get("FromPort", "none")),
        "asked_by": str(rule["Description"]),
    }


def _name(value: object) -> str:
    """Return a range as it is, a reference by the name of what it means."""
    return value if isinstance(value, str) else str(getattr(value, "name", value))


def _tag(resource: Resource, key: str) -> str:
    tags = render(resource.properties["Tags"])
    pairs = tags if isinstance(tags, list) else []
    return next(str(t["Value"]) for t in pairs if isinstance(t, dict) and t["Key"] == key)


def _changes() -> Json:
    return {
        kind: {
            "means": meaning,
            "options": [name for name, _, _, one, _ in OPTIONS if one == kind],
        }
        for kind, meaning in CLASSES.items()
    }


def _resources(made: Mapping[str, Template]) -> Iterator[tuple[str, str, Resource]]:
    for stack, template in made.items():
        for logical, one in template.resources.items():
            yield stack, logical, one
