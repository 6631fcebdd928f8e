"""How full the disks are on which a rack and its engine keep their data. Reads only."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WARN_PERCENT = 85
"""From here on a rack warns."""
FULL_PERCENT = 95
"""From here on nothing can be counted on."""


@dataclass(frozen=True)
class Disk:
    """One file system."""

    path: str
    used: int
    total: int

    @property
    def percent(self) -> int:
        """How much of it is used."""
        return 100 * self.used // max(1, self.total)

    def outputs(self) -> dict[str, str]:
        """Return it as outputs of the rack."""
        return {
            "DiskPath": self.path,
            "DiskTotal": str(self.total),
            "DiskUsed": str(self.used),
        }


def fullest(folders: Iterable[Path]) -> Disk | None:
    """Return the fullest of the disks that hold `folders`; None if none of them is here."""
    disks = []
    for folder in folders:
        try:
            found = shutil.disk_usage(folder)
        except OSError:
            continue
        # What is reserved is neither used nor to be had; df counts so too.
        disks.append(Disk(str(folder), found.used, found.used + found.free))
    return max(disks, key=lambda disk: (disk.percent, disk.used), default=None)
