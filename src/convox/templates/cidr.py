"""The subnets of a rack: four kinds in each of three zones, inside one range, never overlapping.

The whole layout is always made, so that a third zone or another option later moves nothing. What
the options name is taken as it is; the rest is cut from the range around it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from convox.core.errors import InvalidError

Network = ipaddress.IPv4Network

KINDS = ("Public", "Instance", "Task", "Data")
ZONES = 3
OPTION = {
    "Public": "Subnet",
    "Instance": "SubnetPrivate",
    "Task": "SubnetTask",
    "Data": "SubnetData",
}
"""Kind of subnet to what its options are called, before zone and `CIDR`."""
_SMALLEST = 27
"""A balancer wants a /27; AWS itself allows /28."""
_VPC_BITS = (16, 23)


def option(kind: str, zone: int) -> str:
    """Return the option that names the range of a subnet."""
    return f"{OPTION[kind]}{zone}CIDR"


def network(name: str, text: str, least: int = 16, most: int = 28) -> Network:
    """Return a range of AWS's sizes.

    Raises:
        InvalidError: it is no range, has host bits, or is too large or too small.
    """
    try:
        found = Network(text)
    except ValueError as e:
        raise InvalidError(f"{name}={text}: expected a range such as 10.0.0.0/16") from e
    if not least <= found.prefixlen <= most:
        raise InvalidError(f"{name}={text}: expected a range of /{least} to /{most}")
    return found


def vpc(text: str) -> Network:
    """Return the range of a VPC that a whole layout fits in.

    Raises:
        InvalidError: it is no range of /16 to /23.
    """
    return network("VPCCIDR", text, *_VPC_BITS)


def layout(
    within: Network, given: Mapping[tuple[str, int], Network]
) -> dict[tuple[str, int], Network]:
    """Return the range of every kind and zone.

    Raises:
        InvalidError: a given range is outside or overlaps another, or leaves no room.
    """
    _check(within, given)
    missing = [(k, z) for k in KINDS for z in range(ZONES) if (k, z) not in given]
    for bits in range(within.prefixlen + 4, _SMALLEST + 1):
        free = [
            n
            for n in within.subnets(new_prefix=bits)
            if not any(n.overlaps(g) for g in given.values())
        ]
        if len(free) >= len(missing):
            return {**given, **dict(zip(missing, free, strict=False))}
    kind, zone = missing[-1]
    raise InvalidError(
        f"no room in VPCCIDR={within} for {len(missing)} more subnets of /{_SMALLEST}",
        fix=f"choose a larger VPCCIDR, or set {option(kind, zone)} and the others yourself",
    )


def _check(within: Network, given: Mapping[tuple[str, int], Network]) -> None:
    seen: list[tuple[str, Network]] = []
    for (kind, zone), one in given.items():
        name = option(kind, zone)
        if not one.subnet_of(within):
            raise InvalidError(f"{name}={one}: outside VPCCIDR={within}")
        for other, taken in seen:
            if one.overlaps(taken):
                raise InvalidError(f"{name}={one}: overlaps {other}={taken}")
        seen.append((name, one))
