"""The options of a rack on AWS: `Key=Value` words, typed, validated and checked against each other.

Here each word is read by itself; option_checks.py then looks at all together, and its `parse` is
the only way in, so that nothing behind it validates again. What only the account knows (whether a
VPC exists, which zones there are) is for preflight. Read option_table.py for the names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from convox import __version__
from convox.core.errors import InvalidError
from convox.templates import cidr
from convox.templates.instances import InstanceType, instance_type
from convox.templates.option_table import OPTIONS, REFUSED

DEFAULTS = {name: default for name, _, default, _, _ in OPTIONS}
_KINDS = {name: kind for name, kind, _, _, _ in OPTIONS}
_PATTERNS = {
    "certificate": (
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-z0-9-]+",
        "the ARN of a certificate",
    ),
    "domain": (
        r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        "a name such as apps.example.com",
    ),
    "endpoints": (r"[a-z0-9.-]+(?:,[a-z0-9.-]+)*", "names of AWS services such as sqs,sns"),
    "gateway": (r"igw-[0-9a-f]{8,17}", "a name such as igw-0123456789abcdef0"),
    "price": (r"[0-9]{1,3}(?:\.[0-9]{1,5})?", "dollars an hour such as 0.05"),
    "ssl": (
        r"ELBSecurityPolicy-[A-Za-z0-9-]+",
        "a name such as ELBSecurityPolicy-TLS13-1-2-2021-06",
    ),
    "version": (r"[0-9][0-9A-Za-z.+-]{0,62}", "a version such as 3.0.1"),
    "vpc": (r"vpc-[0-9a-f]{8,17}", "a name such as vpc-0123456789abcdef0"),
    "zone": (r"Z[0-9A-Z]{7,31}", "the id of a hosted zone such as Z0123456789ABC"),
    "zones": (
        r"[a-z0-9-]+[a-z](?:,[a-z0-9-]+[a-z]){1,2}",
        "two or three zones such as eu-west-1a,eu-west-1b",
    ),
}
ARM_BUILD_INSTANCE = "t4g.medium"
"""The default of BuildInstance where apps run on arm64: builds must be of one kind with them."""
_MOST_RANGES = 50
"""Ranges in WhiteList; a security group holds 60 rules."""


@dataclass(frozen=True)
class Options:
    """What a rack on AWS was asked to be."""

    texts: Mapping[str, str]
    """Every option as text, defaults included, by the name that users know."""
    given: frozenset[str]
    """Those that were set."""

    def text(self, name: str) -> str:
        """Return an option's text; empty when it is not set and has no default."""
        return self.texts[name]

    def on(self, name: str) -> bool:
        """Return a Yes-or-No option."""
        return self.texts[name] == "Yes"

    def number(self, name: str) -> int:
        """Return a counting option."""
        return int(self.texts[name])

    def many(self, name: str) -> tuple[str, ...]:
        """Return the parts of a list."""
        return tuple(filter(None, self.texts[name].split(",")))

    def instance(self, name: str) -> InstanceType:
        """Return an option that is a type of instance."""
        return instance_type(self.texts[name])

    @property
    def zones(self) -> int:
        """How many zones the rack uses."""
        return self.number("MaxAvailabilityZones")

    @property
    def public(self) -> bool:
        """Whether anything of the rack has a public address."""
        outward = not self.on("PrivateApi") or not self.on("InternalOnly")
        return outward or not self.on("Private") or self.texts["NatGateways"] != "none"

    @property
    def subnets(self) -> dict[tuple[str, int], cidr.Network]:
        """The range of every kind of subnet in every zone, also of a third that is not used."""
        return cidr.layout(cidr.vpc(self.texts["VPCCIDR"]), given_subnets(self.texts))

    @property
    def features(self) -> frozenset[str]:
        """Names of what these options need, as declared calls go by."""
        wanted = {
            "self-signed": not self.texts["Certificate"] and not self.texts["Domain"],
            "printed-records": bool(self.texts["Domain"]) and not self.texts["HostedZone"],
            "private-api": self.on("PrivateApi"),
            "prefix-lists": self.texts["NatGateways"] == "none",
        }
        return frozenset(name for name, on in wanted.items() if on)


def read(words: Mapping[str, str]) -> Options:
    """Return the options that words ask for, each checked by itself, derived defaults filled in.

    Raises:
        InvalidError: a name is unknown or refused, or a value is not allowed.
    """
    values = {name: _value(name, text) for name, text in words.items()}
    given = {name: value for name, value in values.items() if value}
    texts = {**DEFAULTS, "Version": __version__, **values}
    available = texts["HighAvailability"] == "Yes"
    zones = len(texts["AvailabilityZones"].split(",")) if texts["AvailabilityZones"] else 0
    derived = {
        "MaxAvailabilityZones": str(zones or (3 if available else 2)),
        "InstanceCount": "3" if available else "1",
    }
    filled = {name: texts[name] or derived.get(name, DEFAULTS[name]) for name in DEFAULTS}
    filled["Version"] = texts["Version"] or __version__
    if (
        "BuildInstance" not in given
        and instance_type(filled["InstanceType"]).architecture == "arm64"
    ):
        filled["BuildInstance"] = ARM_BUILD_INSTANCE
    filled["OnDemandMinCount"] = texts["OnDemandMinCount"] or filled["InstanceCount"]
    return Options(filled, frozenset(given))


def given_subnets(texts: Mapping[str, str]) -> dict[tuple[str, int], cidr.Network]:
    """Return the ranges of subnets that options name."""
    places = [(kind, zone) for kind in cidr.KINDS for zone in range(cidr.ZONES)]
    named = {place: texts[cidr.option(*place)] for place in places}
    return {place: cidr.network(cidr.option(*place), text) for place, text in named.items() if text}


def unknown(name: str) -> InvalidError:
    """Return the error for a name that is no option: refused with a reason, or a misspelling."""
    if name in REFUSED:
        return InvalidError(f"{name} is not an option of this rack", why=REFUSED[name])
    folded = {option.lower(): option for option in DEFAULTS}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    hint = f"did you mean {folded[near[0]]}?" if near else "docs/reference/rack-options.md has all"
    return InvalidError(f"unknown option: {name}", why=hint)


def _value(name: str, text: str) -> str:
    if name not in _KINDS:
        raise unknown(name)
    if not text and not DEFAULTS[name]:
        return ""
    kind, _, rest = _KINDS[name].partition(":")
    return _READERS[kind](name, text, rest)


def _yes(name: str, text: str, _rest: str) -> str:
    answers = {"yes": "Yes", "true": "Yes", "no": "No", "false": "No"}
    if text.lower() not in answers:
        raise InvalidError(f"{name}={text}: expected Yes or No")
    return answers[text.lower()]


def _one(name: str, text: str, rest: str) -> str:
    allowed = rest.split("|")
    if text not in allowed:
        raise InvalidError(f"{name}={text}: expected {', '.join(allowed[:-1])} or {allowed[-1]}")
    return text


def _count(name: str, text: str, rest: str) -> str:
    low, high = map(int, rest.split(":"))
    if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
        raise InvalidError(f"{name}={text}: expected a whole number from {low} to {high}")
    return str(int(text))


def _range(name: str, text: str, _rest: str) -> str:
    return str(cidr.vpc(text) if name == "VPCCIDR" else cidr.network(name, text))


def _ranges(name: str, text: str, _rest: str) -> str:
    found = [str(cidr.network(name, part, 0, 32)) for part in dict.fromkeys(text.split(","))]
    if len(found) > _MOST_RANGES:
        raise InvalidError(f"{name}: {len(found)} ranges, at most {_MOST_RANGES} fit in a group")
    return ",".join(found)


def _instance(name: str, text: str, _rest: str) -> str:
    try:
        return instance_type(text).name
    except InvalidError as error:
        raise InvalidError(f"{name}={text}: expected a type such as m5.large") from error


def _text(name: str, text: str, rest: str) -> str:
    pattern, expected = _PATTERNS[rest]
    if not re.fullmatch(pattern, text):
        raise InvalidError(f"{name}={text}: expected {expected}")
    return text


_READERS: Mapping[str, Callable[[str, str, str], str]] = {
    "yes": _yes,
    "one": _one,
    "count": _count,
    "cidr": _range,
    "cidrs": _ranges,
    "instance": _instance,
    "text": _text,
}
