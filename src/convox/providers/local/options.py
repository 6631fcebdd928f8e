"""The options of a local rack: `Key=Value` words from the command line, checked and typed.

The one place that knows their names, defaults and rules; install.py stores what `parse` accepts
and `load` reads it back for the rack process. Pure but for the `Settings` passed in.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Protocol

from convox.core.errors import InvalidError

PREFIX = "parameter."
"""Settings of the store that hold options begin so; the option's name follows."""
SUBNET_BITS = 26
"""Prefix length of the subnets that the rack cuts from its range."""
_RANGE_BITS = (8, 24)
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,21}[a-z0-9])?")


class Values(Protocol):
    """Named texts; the store's `Settings` is one."""

    def with_prefix(self, prefix: str) -> Mapping[str, str]:
        """Return the values whose names begin so, prefix removed."""
        ...

    def put(self, name: str, value: str) -> None:
        """Set a value."""
        ...


@dataclass(frozen=True)
class RackOptions:
    """What a rack was asked to be; the password is not among them."""

    port: int = 443
    """HTTPS of apps, on the host."""
    http_port: int = 80
    """Redirects to `port`."""
    api_port: int = 5443
    """HTTPS of the rack's API, on the host."""
    cidr: str = ""
    """Range from which the rack's networks are cut; empty until install has picked one."""
    listen: str = ""
    """Address of the host to publish on besides loopback."""
    log_retention: int = 7
    """Days for which logs are kept."""
    build_retention: int = 10
    """Builds of an app whose images are kept, the active one apart."""
    allow_privileged: bool = False
    """Whether apps may have privileged services."""
    allow_host_volumes: bool = False
    """Whether apps may mount the few paths of the host that a manifest can name."""

    def __post_init__(self) -> None:
        ports = (self.port, self.http_port, self.api_port)
        if len(set(ports)) < len(ports):
            text = f"Port={ports[0]} HttpPort={ports[1]} ApiPort={ports[2]}"
            raise InvalidError(f"{text}: the three ports must differ")

    @property
    def rack_domain(self) -> str:
        """Where the rack's API answers: a name that every program resolves to this machine."""
        return f"localhost:{self.api_port}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of the host on which the router publishes its ports, loopback always."""
        if self.listen in ("0.0.0.0", "127.0.0.1"):  # noqa: S104  what the user asked for
            return (self.listen, "::1")
        if self.listen in ("::", "::1"):
            return ("127.0.0.1", self.listen)
        return ("127.0.0.1", "::1", *filter(None, [self.listen]))

    @property
    def router_subnet(self) -> str:
        """The router's own subnet: the last of the range, so that apps count from the first."""
        last = int(ipaddress.IPv4Network(self.cidr).broadcast_address)
        return str(ipaddress.IPv4Network((last, SUBNET_BITS), strict=False))

    def parameters(self) -> dict[str, str]:
        """Return every option by the name that users know."""
        return {name: _text(getattr(self, attribute)) for name, attribute in _ATTRIBUTES.items()}


def check_name(name: str) -> str:
    """Return `name` if a rack may be called so.

    Raises:
        InvalidError: it is not 1 to 23 of a-z, 0-9 and -, first a letter, last not a dash.
    """
    if not _NAME.fullmatch(name):
        raise InvalidError(
            f"invalid rack name: {name!r}",
            why="a name is 1 to 23 characters of a-z, 0-9 and -, begins with a letter"
            " and does not end with -",
        )
    return name


def parse(parameters: Mapping[str, str], base: RackOptions | None = None) -> RackOptions:
    """Return the options that `parameters` ask for, over `base` or the defaults.

    Raises:
        InvalidError: a name is unknown, or a value is not allowed.
    """
    start = base or RackOptions()
    current = {field.name: getattr(start, field.name) for field in fields(RackOptions)}
    for name, value in parameters.items():
        if name not in _ATTRIBUTES:
            raise unknown(name)
        current[_ATTRIBUTES[name]] = _READERS[name](name, value)
    return RackOptions(**current)


def unknown(name: str, more: tuple[str, ...] = ()) -> InvalidError:
    """Return the error for an option that does not exist, with the nearest that does."""
    known = sorted((*_ATTRIBUTES, *more))
    folded = {option.lower(): option for option in known}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    hint = f"did you mean {folded[near[0]]}?" if near else f"the options are {', '.join(known)}"
    return InvalidError(f"unknown option: {name}", why=hint)


def save(values: Values, options: RackOptions) -> None:
    """Write the options to the store."""
    for name, value in options.parameters().items():
        values.put(PREFIX + name, value)


def load(values: Values) -> RackOptions:
    """Read the options that `save` wrote; what a later version added has its default."""
    stored = values.with_prefix(PREFIX)
    return parse({name: value for name, value in stored.items() if name in _ATTRIBUTES})


def _port(name: str, value: str) -> int:
    return _whole(name, value, 1, 65535)


def _count(name: str, value: str) -> int:
    return _whole(name, value, 1, 3650)


def _yes_no(name: str, value: str) -> bool:
    if value not in ("Yes", "No"):
        raise InvalidError(f"{name}={value}: expected Yes or No")
    return value == "Yes"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)


def _whole(name: str, value: str, low: int, high: int) -> int:
    if not (value.isascii() and value.isdecimal()) or not low <= int(value) <= high:
        raise InvalidError(f"{name}={value}: expected a whole number from {low} to {high}")
    return int(value)


def _cidr(name: str, value: str) -> str:
    if not value:
        return ""
    least, most = _RANGE_BITS
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as e:
        raise InvalidError(f"{name}={value}: expected a range such as 10.77.0.0/16") from e
    if not network.is_private or not least <= network.prefixlen <= most:
        why = f"expected a private range of /{least} to /{most}, such as 10.77.0.0/16"
        raise InvalidError(f"{name}={value}: {why}")
    return str(network)


def _listen(name: str, value: str) -> str:
    if not value:
        return ""
    try:
        return str(ipaddress.ip_address(value.strip("[]")))
    except ValueError as e:
        why = "expected an address of this machine, or 0.0.0.0 for all of them"
        raise InvalidError(f"{name}={value}: {why}") from e


_READERS: Mapping[str, Callable[[str, str], bool | int | str]] = {
    "Port": _port,
    "HttpPort": _port,
    "ApiPort": _port,
    "Cidr": _cidr,
    "Listen": _listen,
    "LogRetention": _count,
    "BuildRetention": _count,
    "AllowPrivileged": _yes_no,
    "AllowHostVolumes": _yes_no,
}
_ATTRIBUTES = {
    "Port": "port",
    "HttpPort": "http_port",
    "ApiPort": "api_port",
    "Cidr": "cidr",
    "Listen": "listen",
    "LogRetention": "log_retention",
    "BuildRetention": "build_retention",
    "AllowPrivileged": "allow_privileged",
    "AllowHostVolumes": "allow_host_volumes",
}
