"""A plan for a person: the same facts as plan.py's, in sections of short lines.

Takes what `plan` returns and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def text(plan: Mapping[str, Any]) -> str:
    """Return a plan as text that ends with a line break."""
    sections = {
        f"Rack {plan['rack']} in {plan['region']}": _rack(plan),
        "Network": _network(plan["network"]),
        "Compute": _compute(plan["compute"]),
        "Data": _data(plan["data"]),
        "Listeners": _listeners(plan["listeners"]),
        "What may come in": _rules(plan["inbound"], "from"),
        "What may go out": _rules(plan["outbound"], "to"),
        "Identities and their permissions": _identities(plan["identities"]),
        "A later change of an option": _changes(plan["changes"]),
        "Warnings": iter(plan["warnings"]),
    }
    parts = []
    for title, found in sections.items():
        lines = list(found) or ["none"]
        parts.append("\n".join([title, *(f"  {line}" for line in lines)]))
    return "\n\n".join(parts) + "\n"


def _rack(plan: Mapping[str, Any]) -> Iterator[str]:
    yield f"everything begins with {plan['prefix']}"
    for name, value in plan["options"].items():
        yield f"{name}={value}"
    for stack in plan["stacks"]:
        yield f"stack {stack['name']}: {stack['resources']} resources, {stack['bytes']} bytes"
        if stack["asks_the_account_for"]:
            yield f"  asks the account for {', '.join(stack['asks_the_account_for'])}"


def _network(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"VPC {found['vpc']}, {found['range']}, tenancy {found['tenancy']}"
    for one in found["subnets"]:
        yield f"{one['kind']} subnet, {one['zone']}, {one['range']}; way out: {one['way_out']}"
    yield f"NAT gateways: {found['nat_gateways']}; flow logs: {found['flow_logs']}"
    yield f"endpoints: {', '.join(found['endpoints'])}"


def _compute(found: list[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        address = "public address" if one["public_address"] else "no public address"
        yield (
            f"{one['pool']}: {one['least']} to {one['most']} of {one['type']}"
            f" ({one['architecture']}), tenancy {one['tenancy']}, {address},"
            f" {one['disk_gib']} GiB encrypted"
        )
        yield f"  {one['tasks_an_instance']} tasks an instance, each with its own address"
        if one["never_spot"] < one["most"]:
            yield f"  {one['never_spot']} are never spot, the rest is"


def _data(found: list[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        kept = "; kept when a change replaces it" if one["kept_when_replaced"] else ""
        yield f"{one['resource']} ({one['type']}){kept}"


def _listeners(found: list[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        yield (
            f"{one['balancer']} ({one['scheme']}): {one['protocol']} {one['port']},"
            f" asked by {one['asked_by']}"
        )


def _rules(found: list[Mapping[str, Any]], word: str) -> Iterator[str]:
    for one in found:
        if one["port"] != "none":
            yield f"{one['group']}: port {one['port']} {word} {one['peer']} ({one['asked_by']})"


def _identities(found: list[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        yield f"{one['name']}: {one['is']}"
        for permission in one["permissions"]:
            yield from (f"  {line}" for line in _permission(permission))


def _permission(one: Mapping[str, Any]) -> Iterator[str]:
    actions = one.get("actions") or ["everything but", *one["not_actions"]]
    word = "" if one["effect"] == "Allow" else "never "
    yield f"{word}{' '.join(actions)}"
    yield f"  on {' '.join(one['resources'])}"
    for condition in one["conditions"]:
        yield f"  if {condition}"
    yield f"  for {one['reason']}"


def _changes(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found.values():
        yield f"{one['means']}: {', '.join(one['options'])}"
