"""What a rack's templates are made from, and what every stack of it has in common.

A `Spec` is complete: nothing else decides what is synthesized. Stack modules (identities.py,
data.py, network.py, compute.py) each turn it into one template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from convox.templates.iam import Call
from convox.templates.model import Output, Parameter, Ref, Resource, Template
from convox.templates.options import DEFAULTS, Options
from convox.templates.prefix import Names
from convox.templates.tags import tagged

IDENTITIES, DATA, NETWORK, COMPUTE = "identities", "rack-data", "rack-network", "rack-compute"
"""Parts of a rack, in order of creation; `Names.stack` makes their stacks' names."""

_ID_LIST = "List<AWS::EC2::Subnet::Id>"


@dataclass(frozen=True)
class Spec:
    """One rack that is asked for."""

    names: Names
    options: Options
    calls: tuple[Call, ...]
    """What KernelUser and the API's role call; their policy is made of it."""
    retiring: bool = False
    """Whether it is to be deleted: nothing runs, nothing is protected."""


@dataclass(frozen=True)
class Part:
    """Some resources of a stack with the parameters and outputs that belong to them."""

    resources: Mapping[str, Resource] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)


def template(spec: Spec, description: str, *parts: Part) -> Template:
    """Return one stack of parts, everything tagged, with the options it was made from."""
    prefix = spec.names.prefix
    return Template(
        description=f"{prefix}: {description}",
        metadata={"Convox": {"Rack": spec.names.rack, "Options": _changed(spec.options)}},
        parameters={name: p for part in parts for name, p in part.parameters.items()},
        resources={
            name: tagged(name, one, prefix)
            for part in parts
            for name, one in part.resources.items()
        },
        outputs={name: o for part in parts for name, o in part.outputs.items()},
    )


def subnets(kind: str) -> Ref:
    """Return the subnets of a kind, in a stack that takes them as a parameter."""
    return Ref(f"{kind}Subnets")


def subnets_parameter(kind: str) -> dict[str, Parameter]:
    """Return the parameter that takes the subnets of a kind from the network's outputs."""
    return {f"{kind}Subnets": Parameter(_ID_LIST, f"{kind} subnets, one in each zone")}


def _changed(options: Options) -> dict[str, str]:
    """Options that are not as they would be by default; the version always."""
    kept = {name: text for name, text in options.texts.items() if name in options.given}
    return {
        "Version": options.text("Version"),
        **{n: t for n, t in kept.items() if t != DEFAULTS[n]},
    }
