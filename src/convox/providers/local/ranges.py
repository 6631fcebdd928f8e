"""Which range of addresses a rack may have on this machine: one that no route here uses.

Reads the kernel's routing table; the choice itself is a pure function of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from convox.core.errors import ConflictError, FailedError

ROUTES = Path("/proc/net/route")
OVERLAP = "pool overlaps"
"""What the engine says of a range that one of its networks has. Source: libnetwork, ipamapi."""
_TRIES = 20
_CANDIDATES = (
    *(f"10.{second}.0.0/16" for second in (*range(77, 256), *range(76))),
    *(f"172.{second}.0.0/16" for second in range(31, 15, -1)),
)
"""Far from what clouds, routers at home and the engine's own defaults use first."""


@dataclass(frozen=True)
class HostRoute:
    """A range that this machine sends to an interface."""

    network: IPv4Network
    interface: str


def routes_of(table: str) -> list[HostRoute]:
    """Parse a routing table; the default route says nothing and is left out.

    Source: proc(5), /proc/net/route: hexadecimal in the byte order of the machine, and every
    machine that an engine runs on is little-endian.
    """
    found = []
    for line in table.splitlines()[1:]:
        columns = line.split()
        if len(columns) < 8:
            continue
        network = IPv4Network((_address(columns[1]), str(_address(columns[7]))), strict=False)
        if network.prefixlen:
            found.append(HostRoute(network, columns[0]))
    return found


def choose(cidr: str, routes: Iterable[HostRoute]) -> str:
    """Return `cidr` if it is free, or the first free range when it is empty.

    Raises:
        ConflictError: a route of this machine overlaps it, or every range.
    """
    taken = list(routes)
    if cidr:
        clash = _overlapping(IPv4Network(cidr), taken)
        if clash:
            raise ConflictError(
                f"Cidr={cidr} overlaps {clash.network}",
                why=f"this machine sends that range to {clash.interface}",
                fix="pass another one, or none to have one picked",
            )
        return cidr
    for candidate in _CANDIDATES:
        if not _overlapping(IPv4Network(candidate), taken):
            return candidate
    raise ConflictError(
        "no private range of /16 is free on this machine", fix="pass a smaller one: Cidr=RANGE"
    )


def claim(cidr: str, routes: Iterable[HostRoute], take: Callable[[str], None]) -> str:
    """Have `take` take `cidr`, or the first range that is free; return the one taken.

    Two racks that are installed at once see the same range free: the engine decides who has it,
    and the other one passes it over.

    Raises:
        ConflictError: a route or a network of the engine overlaps it, or every range.
        FailedError: `take` failed for a reason that another range does not mend.
    """
    taken = list(routes)
    for _ in range(_TRIES):
        chosen = choose(cidr, taken)
        try:
            take(chosen)
        except FailedError as error:
            if OVERLAP not in error.wire.lower():
                raise
            if cidr:
                raise ConflictError(
                    f"Cidr={cidr} overlaps a network of the Docker engine",
                    fix="pass another one, or none to have one picked",
                ) from error
            taken.append(HostRoute(IPv4Network(chosen), "a network of the engine"))
        else:
            return chosen
    raise ConflictError("no range of addresses could be had", fix="pass one: Cidr=RANGE")


def _overlapping(wanted: IPv4Network, routes: Iterable[HostRoute]) -> HostRoute | None:
    return next((route for route in routes if route.network.overlaps(wanted)), None)


def _address(text: str) -> IPv4Address:
    return IPv4Address(int.from_bytes(bytes.fromhex(text), "little"))
