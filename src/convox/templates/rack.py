"""A rack as its stacks: every template in order of creation, from a name and options.

The order is: identities, by the installer; then, by KernelUser, data, network and compute. Images
are pushed between data and compute. A parameter of a stack is filled from the output of the same
name of a stack before it, or is something that only the account knows (`account_parameters`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from convox.core.errors import NotFoundError
from convox.templates.compute import compute_stack
from convox.templates.data import data_stack
from convox.templates.iam import Call, Statement, allow, document, merged
from convox.templates.identities import identity_stack
from convox.templates.model import Json, Template
from convox.templates.network import network_stack
from convox.templates.option_checks import parse
from convox.templates.prefix import names
from convox.templates.service_role import installer_statements
from convox.templates.spec import COMPUTE, DATA, IDENTITIES, NETWORK, Spec

KERNEL_STACKS = (DATA, NETWORK, COMPUTE)
"""Stacks that KernelUser makes; parts of their names."""


def spec(rack: str, region: str, words: Mapping[str, str], calls: Iterable[Call]) -> Spec:
    """Return what a rack's templates are made from.

    Raises:
        InvalidError: the name, the region or an option is not allowed.
    """
    return Spec(names(rack, region), parse(words, region), tuple(calls))


def stacks(rack: Spec) -> dict[str, Template]:
    """Return every stack of a rack, name to template, in order of creation."""
    made = {DATA: data_stack(rack), NETWORK: network_stack(rack), COMPUTE: compute_stack(rack)}
    types = frozenset(one for template in made.values() for one in template.types())
    ordered = {IDENTITIES: identity_stack(rack, types), **made}
    return {rack.names.stack(part): template for part, template in ordered.items()}


def stack(rack: Spec, name: str) -> Template:
    """Return one stack, by its whole name or by the part after the prefix.

    Raises:
        NotFoundError: the rack has no such stack.
    """
    found = stacks(rack)
    for whole in (name, rack.names.stack(name)):
        if whole in found:
            return found[whole]
    raise NotFoundError(f"no stack {name!r}", why=f"the stacks are {', '.join(found)}")


def account_parameters(found: Mapping[str, Template]) -> dict[str, list[str]]:
    """Return, by stack, the parameters that no stack before it answers."""
    known: set[str] = set()
    asked: dict[str, list[str]] = {}
    for name, template in found.items():
        asked[name] = [p for p in template.parameters if p not in known]
        known |= set(template.outputs)
    return asked


def installer(rack: Spec, calls: Iterable[Call]) -> list[Statement]:
    """Return the least that a person needs to install, change and remove the rack's identities."""
    types = stacks(rack)[rack.names.stack(IDENTITIES)].types()
    own = installer_statements(types, rack.names, rack.options)
    return merged([*own, *allow(calls, rack.names, rack.options.features)])


def installer_policy(rack: Spec, calls: Iterable[Call]) -> Json:
    """Return `installer` as a policy that can be attached as it is, whatever the account.

    The account is left open: a policy of a principal reaches into no account but its own.
    """
    values = {
        "${AWS::Partition}": rack.names.partition,
        "${AWS::Region}": rack.names.region,
        "${AWS::AccountId}": "*",
    }
    text = json.dumps(document(installer(rack, calls)))
    for name, value in values.items():
        text = text.replace(name, value)
    written: Json = json.loads(text)
    return written
