"""What the incumbent refuses at load, in its order and its words.

First required variables of all services, then each service's name and listeners, then resources.
The incumbent stops at the first; here all are reported. What it accepts and should not is in
`advice.py`.

Source: manifest.md section 5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from convox.manifest.environment import missing_names
from convox.manifest.nlb_rules import ListenerRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from convox.manifest.findings import Report
    from convox.manifest.model import Service
    from convox.manifest.sections import Draft, Drafts

NAME = re.compile(r"[a-z][a-z0-9-]*")


def check_rules(
    drafts: Drafts, services: Sequence[Service], env: Mapping[str, str] | None, report: Report
) -> None:
    """Report every broken rule; `services` are the drafts' with defaults, in the same order."""
    if env is not None:
        for draft, service in zip(drafts.services, services, strict=True):
            _check_required(drafts, draft, service, env, report)
    listeners = ListenerRules(report)
    for draft, service in zip(drafts.services, services, strict=True):
        _check_name(draft, report)
        if draft.sound:
            listeners.check(draft, service)
    for resource in drafts.resources:
        if resource.sound and not resource.value.type.strip():
            name = resource.value.name
            message = f"resource {name} has no type, must be one like postgres or redis"
            report.error(resource.at("type"), message, wire="resource type can not be blank")


def _check_required(
    drafts: Drafts, draft: Draft[Service], service: Service, env: Mapping[str, str], report: Report
) -> None:
    missing = missing_names(service.environment, env)
    if not missing:
        return
    wire = f"required env: {', '.join(missing)}"
    own = any(name in draft.value.environment for name in missing)
    at = draft.at("environment", missing[0]) if own else drafts.at("environment", missing[0])
    values = " ".join(f"{name}=VALUE" for name in dict.fromkeys(missing))
    # Without the name, what all services lack at the top level is one finding, not one for each.
    who = f"service {service.name}" if own else "every service"
    message = f"{wire}; {who} needs values, set them: convox env set {values}"
    report.error(at, message, wire=wire)


def _check_name(draft: Draft[Service], report: Report) -> None:
    name = draft.value.name
    if not NAME.fullmatch(name):
        rule = "must contain only lowercase alphanumeric and dashes"
        message = f"service name {name} invalid, {rule}"
        report.error(draft.key.at, f"{message}, a letter first", wire=message)


def required_names(services: Sequence[Service]) -> list[str]:
    """Return the names that must have a value, sorted, each once."""
    return sorted({name for service in services for name in missing_names(service.environment, {})})
