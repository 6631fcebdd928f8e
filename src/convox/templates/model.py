"""CloudFormation as values, and their one rendering: the same values give the same bytes.

Templates hold what is wanted and nothing else: no conditions, no mappings, no macros. A text with
`${` in it is a substitution, whoever wrote it. Nothing here knows AWS's types; tags.py knows which
of them carry tags, and stack modules such as network.py know what they make.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True)
class Ref:
    """A parameter's value, or the identity of a resource of the same stack."""

    name: str


@dataclass(frozen=True)
class GetAtt:
    """An attribute of a resource of the same stack."""

    name: str
    attribute: str


@dataclass(frozen=True)
class Base64:
    """A text handed over in base64, as instances want their first script."""

    text: str


@dataclass(frozen=True)
class Join:
    """Values in a row, with a comma between."""

    values: tuple[Value, ...]


Value = (
    None
    | bool
    | int
    | str
    | Ref
    | GetAtt
    | Base64
    | Join
    | Sequence["Value"]
    | Mapping[str, "Value"]
)

ACCOUNT = Ref("AWS::AccountId")
REGION = Ref("AWS::Region")


@dataclass(frozen=True)
class Parameter:
    """What only the account knows; it has no default unless an option named the value."""

    type: str
    description: str
    default: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Resource:
    """One resource of a stack."""

    type: str
    properties: Mapping[str, Value]
    depends_on: tuple[str, ...] = ()
    keep: Literal["", "replaced", "always"] = ""
    """What is never deleted: what a replacement leaves behind, or anything."""
    update_policy: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """A value that later stacks take as the parameter of the same name."""

    value: Value
    description: str


@dataclass(frozen=True)
class Template:
    """One stack."""

    description: str
    resources: Mapping[str, Resource]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    metadata: Mapping[str, Value] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Return the template as JSON values, sections without content left out."""
        sections: dict[str, Json] = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": self.description,
            "Metadata": render(self.metadata),
            "Parameters": {name: _parameter(p) for name, p in self.parameters.items()},
            "Resources": {name: _resource(r) for name, r in self.resources.items()},
            "Outputs": {name: _output(o) for name, o in self.outputs.items()},
        }
        return {name: value for name, value in sections.items() if value}

    def minified(self) -> str:
        """Return the bytes that travel, which CloudFormation's limit counts."""
        return json.dumps(self.to_json(), separators=(",", ":"))

    def types(self) -> frozenset[str]:
        """Return the resource types that the stack holds."""
        return frozenset(resource.type for resource in self.resources.values())


def render(value: Value) -> Json:
    """Return a value as CloudFormation reads it."""
    if isinstance(value, str):
        return {"Fn::Sub": value} if "${" in value else value
    if isinstance(value, Mapping):
        return {key: render(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [render(one) for one in value]
    return _intrinsic(value)


def _intrinsic(value: bool | int | Ref | GetAtt | Base64 | Join | None) -> Json:
    match value:
        case Ref(name):
            return {"Ref": name}
        case GetAtt(name, attribute):
            return {"Fn::GetAtt": [name, attribute]}
        case Base64(text):
            return {"Fn::Base64": render(text)}
        case Join(values):
            return {"Fn::Join": [",", [render(one) for one in values]]}
        case None | bool() | int():
            return value


def _parameter(parameter: Parameter) -> Json:
    optional = {"Default": parameter.default, "AllowedPattern": parameter.pattern}
    return {
        "Type": parameter.type,
        "Description": parameter.description,
        **{name: value for name, value in optional.items() if value},
    }


def _resource(resource: Resource) -> Json:
    shape: dict[str, Json] = {"Type": resource.type}
    if resource.depends_on:
        shape["DependsOn"] = list(resource.depends_on)
    if resource.keep:
        deletion = "Retain" if resource.keep == "always" else "Delete"
        shape |= {"DeletionPolicy": deletion, "UpdateReplacePolicy": "Retain"}
    if resource.update_policy:
        shape["UpdatePolicy"] = render(resource.update_policy)
    return {**shape, "Properties": render(resource.properties)}


def _output(output: Output) -> Json:
    return {"Description": output.description, "Value": render(output.value)}
