"""Racks that the tests of templates synthesize: option sets by name, and a grid over pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import cache

from convox.core.errors import InvalidError
from convox.providers.aws.calls import KERNEL
from convox.templates import rack
from convox.templates.model import Resource, Template
from convox.templates.spec import Spec

REGION = "eu-west-1"
LONGEST = "abcdefghijklmnopqrstuvw"

SMALL = {"HighAvailability": "No", "NatGateways": "none", "PrivateApi": "Yes"} | {
    "Internal": "Yes",
    "InternalOnly": "Yes",
}
LARGEST = {
    "Tenancy": "dedicated",
    "Internal": "Yes",
    "WhiteList": "198.51.100.0/24,203.0.113.7/32",
    "NatGateways": "none",
    "Endpoints": "sns,sqs",
    "FlowLogs": "all",
    "Domain": "apps.example.com",
    "HostedZone": "Z0123456789ABC",
    "SpotInstanceBid": "0.1",
    "OnDemandMinCount": "3",
    "InstanceCount": "12",
}
EXISTING = {
    "ExistingVpc": "vpc-0123456789abcdef0",
    "InternetGateway": "igw-0123456789abcdef0",
    "VPCCIDR": "172.20.0.0/20",
    "Private": "No",
    "NatGateways": "per-zone",
}
NAMED: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "dedicated": {"Tenancy": "dedicated", "Private": "Yes"},
    "small": SMALL,
    "existing": EXISTING,
    "largest": LARGEST,
}

GRID: Mapping[str, tuple[str, ...]] = {
    "Tenancy": ("default", "dedicated"),
    "Private": ("Yes", "No"),
    "PrivateApi": ("No", "Yes"),
    "Internal": ("No", "Yes"),
    "InternalOnly": ("No", "Yes"),
    "HighAvailability": ("Yes", "No"),
    "NatGateways": ("one", "per-zone", "none"),
    "FlowLogs": ("none", "reject"),
    "WhiteList": ("", "198.51.100.0/24"),
    "Autoscale": ("Yes", "No"),
    "SpotInstanceBid": ("", "0.05"),
    "ExistingVpc": ("", "vpc-0123456789abcdef0"),
    "HostedZone": ("", "Z0123456789ABC"),
    "Certificate": ("", f"arn:aws:acm:{REGION}:123456789012:certificate/0a1b"),
    "Endpoints": ("", "sqs"),
}


def spec(words: Mapping[str, str], name: str = "prod", region: str = REGION) -> Spec:
    return rack.spec(name, region, words, KERNEL)


def stacks(words: Mapping[str, str], name: str = "prod") -> dict[str, Template]:
    return rack.stacks(spec(words, name))


@cache
def named(which: str) -> dict[str, Template]:
    """The stacks of a named option set by part: `identities`, `rack-data` and so on."""
    return parts(stacks(NAMED[which]))


@cache
def grid() -> tuple[tuple[Spec, Mapping[str, Template]], ...]:
    """Every rack of the grid with its stacks by part, made once for all tests of a run."""
    return tuple((one, parts(rack.stacks(one))) for one in map(spec, map(completed, pairwise())))


def parts(made: Mapping[str, Template]) -> dict[str, Template]:
    """Stacks by part: `identities`, `rack-data` and so on."""
    return {name.split("-", 2)[2]: template for name, template in made.items()}


def of_type(template: Template, kind: str) -> dict[str, Resource]:
    return {name: one for name, one in template.resources.items() if one.type == f"AWS::{kind}"}


def completed(words: Mapping[str, str]) -> dict[str, str]:
    """Options of the grid with what they need besides; wishes that cannot go together mended."""
    wanted = {name: value for name, value in words.items() if value}
    if wanted.get("InternalOnly") == "Yes":
        wanted["Internal"] = "Yes"
    if wanted.get("PrivateApi") == "Yes":
        wanted["Private"] = "Yes"
    if "HostedZone" in wanted:
        wanted["Domain"] = "apps.example.com"
    if "ExistingVpc" in wanted:
        wanted |= {"VPCCIDR": "172.20.0.0/20", "InternetGateway": "igw-0123456789abcdef0"}
        try:
            spec(wanted)
        except InvalidError:
            del wanted["InternetGateway"]
    return wanted


def pairwise() -> list[dict[str, str]]:
    """Few option sets in which each two values of the grid meet; the same ones every time."""
    missing = {
        frozenset(((a, x), (b, y)))
        for a, b in itertools.combinations(GRID, 2)
        for x in GRID[a]
        for y in GRID[b]
    }
    rows: list[dict[str, str]] = []
    while missing:
        row = dict(min(missing, key=sorted))
        for name in GRID:
            if name not in row:
                row[name] = max(GRID[name], key=lambda v: _gain(row, name, v, missing))
        missing -= set(_pairs(row))
        rows.append({name: row[name] for name in GRID})
    return rows


def _gain(
    row: dict[str, str], name: str, value: str, missing: set[frozenset[tuple[str, str]]]
) -> int:
    return sum(frozenset(((name, value), one)) in missing for one in row.items())


def _pairs(row: dict[str, str]) -> Iterator[frozenset[tuple[str, str]]]:
    return (frozenset(pair) for pair in itertools.combinations(row.items(), 2))
