"""Policies as values: statements, the calls they come from, and packing within IAM's limits.

A statement carries why it is there. The reason never reaches AWS: it is what `rack permissions`
and the plan print. Nothing here knows which permissions a rack needs: calls.py of the provider and
service_role.py do.

Source: IAM user guide, "IAM and AWS STS quotas": 6,144 characters a managed policy, white space
not counted; 10 managed policies a principal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from convox.core.errors import BugError
from convox.templates.model import Json, Value
from convox.templates.prefix import TAG, Names

POLICY_LIMIT = 6144
POLICIES_A_PRINCIPAL = 10
_LONGEST = {"${AWS::Partition}": "aws-us-gov", "${AWS::AccountId}": "0" * 12}

Condition = tuple[str, str, tuple[str, ...]]
"""Operator, key, values."""


def owned(prefix: str) -> Condition:
    """Only things that carry the rack's tag."""
    return ("StringEquals", f"aws:ResourceTag/{TAG}", (prefix,))


def tagging(prefix: str) -> Condition:
    """Only requests that put the rack's tag on what they make."""
    return ("StringEquals", f"aws:RequestTag/{TAG}", (prefix,))


@dataclass(frozen=True)
class Statement:
    """Actions on resources under conditions, and why."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    reason: str = ""
    effect: str = "Allow"
    exclude: bool = False
    """Whether it speaks of all actions but those named (`NotAction`)."""

    def document(self) -> dict[str, Value]:
        """Return the statement as IAM reads it; one value is no list."""
        key = "NotAction" if self.exclude else "Action"
        shape: dict[str, Value] = {
            "Effect": self.effect,
            key: _some(self.actions),
            "Resource": _some(self.resources),
        }
        if self.conditions:
            shape["Condition"] = _conditions(self.conditions)
        return shape


@dataclass(frozen=True)
class Call:
    """One IAM action that our code needs, declared beside the call."""

    action: str
    resources: tuple[str, ...]
    """As `Names.arn` takes them, or `*`."""
    reason: str
    conditions: tuple[Condition, ...] = ()
    """Values may hold `{prefix}` and, for ARNs, `@SERVICE:RESOURCE`."""
    feature: str = ""
    """The feature of the options without which the call is never made; empty: always made."""
    operations: tuple[str, ...] = ()
    """Operations of the SDK that need it, as `SERVICE:Operation`, if not called as the action."""

    def statement(self, names: Names) -> Statement:
        """Return the permission for the call on one rack."""
        resources = tuple(one if one == "*" else names.arn(one) for one in self.resources)
        conditions = tuple(
            (operator, key.replace("{tag}", TAG), tuple(_filled(v, names) for v in values))
            for operator, key, values in self.conditions
        )
        return Statement((self.action,), resources, conditions, self.reason)


def allow(calls: Iterable[Call], names: Names, features: frozenset[str]) -> list[Statement]:
    """Return the permissions for the calls that options with these features make."""
    return [call.statement(names) for call in calls if not call.feature or call.feature in features]


def merged(statements: Iterable[Statement]) -> list[Statement]:
    """Join statements that differ in their actions only; order of first appearance."""
    groups: dict[tuple[object, ...], list[Statement]] = {}
    for one in statements:
        key = (one.effect, one.exclude, tuple(sorted(one.resources)), tuple(sorted(one.conditions)))
        groups.setdefault(key, []).append(one)
    return [_joined(group) for group in groups.values()]


def pack(statements: Sequence[Statement], names: Names) -> list[list[Statement]]:
    """Divide statements over as few managed policies as first fit finds, by measured size.

    Raises:
        BugError: a statement alone is over the limit, or the policies are too many for one
            principal.
    """
    packs: list[list[Statement]] = []
    for one in sorted(merged(statements), key=lambda s: -size([s], names)):
        room = next((p for p in packs if size([*p, one], names) <= POLICY_LIMIT), None)
        if room is None:
            packs.append([one])
        else:
            room.append(one)
    worst = max((size(p, names) for p in packs), default=0)
    if worst > POLICY_LIMIT or len(packs) > POLICIES_A_PRINCIPAL:
        raise BugError(f"permissions fill {len(packs)} policies, the largest of {worst} characters")
    return packs


def size(statements: Iterable[Statement], names: Names) -> int:
    """Return how many characters IAM will count, with the longest values of pseudo parameters."""
    text = json.dumps(document(statements), separators=(",", ":"))
    for name, value in {**_LONGEST, "${AWS::Region}": names.region}.items():
        text = text.replace(name, value)
    return len(text)


def document(statements: Iterable[Statement]) -> dict[str, Value]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": [one.document() for one in statements]}


def trust(service: str, conditions: tuple[Condition, ...] = ()) -> dict[str, Value]:
    """Return the trust of a role that one AWS service assumes."""
    statement: dict[str, Value] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if conditions:
        statement["Condition"] = _conditions(conditions)
    return {"Version": "2012-10-17", "Statement": [statement]}


def explained(statement: Statement) -> dict[str, Json]:
    """Return a statement for machines that print permissions, with its reason."""
    return {
        "effect": statement.effect,
        "not_actions" if statement.exclude else "actions": list(statement.actions),
        "resources": list(statement.resources),
        "conditions": [
            f"{key} {operator} {', '.join(v)}" for operator, key, v in statement.conditions
        ],
        "reason": statement.reason,
    }


def _joined(group: list[Statement]) -> Statement:
    actions = tuple(sorted({action for one in group for action in one.actions}))
    reasons = dict.fromkeys(one.reason for one in group)
    return replace(group[0], actions=actions, reason="; ".join(filter(None, reasons)))


def _conditions(conditions: tuple[Condition, ...]) -> Mapping[str, Value]:
    shape: dict[str, dict[str, Value]] = {}
    for operator, key, values in conditions:
        shape.setdefault(operator, {})[key] = _some(values)
    return shape


def _some(values: tuple[str, ...]) -> Value:
    return values[0] if len(values) == 1 else list(values)


def _filled(value: str, names: Names) -> str:
    if value.startswith("@"):
        return names.arn(value[1:])
    return value.replace("{prefix}", names.prefix)
