"""The prefix of everything that a rack names, and the names and ARNs made with it.

A prefix is the rack's name, a dash, and a mark of four digits and four letters by turns, taken
from a hash of region and name: `prod-4k7t0b9x`. It is prefix-free by construction. Cut at dashes,
a prefix is the parts of the name and then the mark. No name may hold a part that looks like a
mark. So if one prefix and a dash begin another's name, the mark of the first lies where the second
has its own mark, and the parts before it are the same: it is the same rack. Two racks of one name
in two regions differ by the hash, and by the region in every ARN that has one.

Everything that the rack itself may touch is `PREFIX-...`; identities are told apart by path.
"""

from __future__ import annotations

import hashlib
import re
import string
from dataclasses import dataclass

from convox.core.errors import InvalidError

TAG = "convox:rack"
"""The tag whose value is the prefix, on everything that takes tags."""

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,21}[a-z0-9])?")
_MARK = re.compile(r"(?:[0-9][a-z]){4}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,2}-[0-9]{1,2}")
_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
_WITHOUT_REGION = frozenset({"iam", "route53", "s3"})
_WITHOUT_ACCOUNT = frozenset({"route53", "s3"})


@dataclass(frozen=True)
class Names:
    """The names of one rack in one region; make it with `names`."""

    rack: str
    region: str

    @property
    def prefix(self) -> str:
        """What everything of the rack begins with."""
        return f"{self.rack}-{_mark(self.rack, self.region)}"

    @property
    def bucket(self) -> str:
        """The rack's bucket; names of buckets are shared by all accounts."""
        return f"{self.prefix}-${{AWS::AccountId}}"

    @property
    def partition(self) -> str:
        """The partition of AWS that the region is in."""
        return next((p for start, p in _PARTITIONS if self.region.startswith(start)), "aws")

    def path(self, part: str) -> str:
        """Return the IAM path of a part: `kernel` for the rack's own, `app` for apps."""
        return f"/convox/{self.prefix}/{part}/"

    def stack(self, part: str) -> str:
        """Return the name of a stack of the rack."""
        return f"{self.prefix}-{part}"

    def role(self, name: str) -> str:
        """Return the ARN of one of the rack's own roles."""
        return self.arn(f"iam:role{self.path('kernel')}{self.prefix}-{name}")

    def arn(self, short: str) -> str:
        """Return the ARN for `SERVICE:RESOURCE`, where `{prefix}` and `{bucket}` stand for ours.

        `SERVICE::RESOURCE` is one that belongs to no account, such as a public image.
        """
        service, _, resource = short.partition(":")
        region = "" if service in _WITHOUT_REGION else "${AWS::Region}"
        public = service in _WITHOUT_ACCOUNT or resource.startswith(":")
        account = "" if public else "${AWS::AccountId}"
        resource = resource.removeprefix(":")
        resource = resource.replace("{prefix}", self.prefix).replace("{bucket}", self.bucket)
        return f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{resource}"


def names(rack: str, region: str) -> Names:
    """Return the names of a rack.

    Raises:
        InvalidError: a rack cannot be called so, or there is no such region.
    """
    if not _NAME.fullmatch(rack):
        raise InvalidError(
            f"invalid rack name: {rack!r}",
            why="a name is 1 to 23 characters of a-z, 0-9 and -, begins with a letter"
            " and does not end with -",
        )
    if "--" in rack:
        raise InvalidError(
            f"invalid rack name: {rack!r}", why="databases allow no two dashes in a row"
        )
    marks = [part for part in rack.split("-") if _MARK.fullmatch(part)]
    if marks:
        why = f"{marks[0]!r} looks like the mark that tells racks apart"
        raise InvalidError(f"invalid rack name: {rack!r}", why=why)
    if not _REGION.fullmatch(region):
        why = "expected one such as eu-west-1"
        raise InvalidError(f"invalid region: {region!r}", why=why, fix="set it: --region eu-west-1")
    return Names(rack, region)


def _mark(rack: str, region: str) -> str:
    number = int.from_bytes(hashlib.sha256(f"{region}/{rack}".encode()).digest()[:8], "big")
    mark = ""
    for _ in range(4):
        number, digit = divmod(number, 10)
        number, letter = divmod(number, 26)
        mark += f"{digit}{string.ascii_lowercase[letter]}"
    return mark
