"""What a kind of instance can do for us: architecture, dedicated tenancy, tasks side by side.

Facts by family and size rather than a table of a thousand types, and on the low side where sizes
differ. Nothing here asks AWS: whether a type exists in a region is found out before an install.

Sources: Amazon ECS developer guide, "Supported instances for increased Amazon ECS container
network interfaces"; Amazon EC2 user guide, "Maximum IP addresses per network interface" and
"Amazon EC2 Dedicated Instances". Read in November 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from convox.core.errors import InvalidError

_TYPE = re.compile(r"([a-z]+)([0-9]+)([a-z-]*)\.([a-z0-9-]+)")
_OLD_WITH_TRUNKS = frozenset({"a1", "g4dn", "g4ad", "i3en", "p3dn", "p4d", "p4de"})
"""Families before generation five, and odd ones, whose interfaces can be trunks."""
_WITH_TRUNKS = frozenset({"c", "m", "r", "i", "g", "p", "x", "z", "inf", "trn", "hpc", "im", "is"})
_TRUNK_TASKS = {"medium": 4, "large": 10, "xlarge": 20, "2xlarge": 40, "3xlarge": 40}
_TASKS_OF_LARGER = 60
_BURSTABLE_INTERFACES = {"nano": 2, "micro": 2, "small": 3, "medium": 3, "large": 3}
_OTHER_INTERFACES = {"medium": 2, "large": 3, "xlarge": 4, "2xlarge": 4, "4xlarge": 8}
_INTERFACES_OF_LARGER = 8
_NEVER_DEDICATED = frozenset({"t1", "t2", "m1", "m2", "c1", "mac1", "mac2"})


@dataclass(frozen=True)
class InstanceType:
    """A type of instance; make it with `instance_type`."""

    name: str
    family: str
    size: str

    @property
    def architecture(self) -> str:
        """`arm64` for Graviton, else `x86_64`."""
        letters = re.sub(r"^[a-z]+[0-9]+", "", self.family)
        return "arm64" if self.family == "a1" or letters.startswith("g") else "x86_64"

    @property
    def trunks(self) -> bool:
        """Whether tasks share a trunk instead of using up interfaces."""
        letters, generation = re.findall(r"^([a-z]+)([0-9]+)", self.family)[0]
        young = letters in _WITH_TRUNKS and int(generation) >= 5
        return "metal" not in self.size and (young or self.family in _OLD_WITH_TRUNKS)

    @property
    def tasks(self) -> int:
        """How many tasks with an interface of their own fit beside each other, at least."""
        if self.trunks:
            return _TRUNK_TASKS.get(self.size, _TASKS_OF_LARGER)
        sizes = _OTHER_INTERFACES
        if self.family.startswith("t"):
            sizes = {**_OTHER_INTERFACES, **_BURSTABLE_INTERFACES}
        return sizes.get(self.size, _INTERFACES_OF_LARGER) - 1

    @property
    def dedicated(self) -> bool:
        """Whether it can run on hardware of one account."""
        return self.family not in _NEVER_DEDICATED


def instance_type(name: str) -> InstanceType:
    """Return the type of that name.

    Raises:
        InvalidError: it is not spelled as types are.
    """
    found = _TYPE.fullmatch(name)
    if not found:
        raise InvalidError(f"invalid instance type: {name!r}", why="expected one such as m5.large")
    letters, generation, more, size = found.groups()
    return InstanceType(name, f"{letters}{generation}{more}", size)
