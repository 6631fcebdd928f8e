"""What of a timer's schedule has come since it was last looked at. Pure.

A moment belongs to the minute that begins with it: a rack that looks within that minute runs it,
one that looks later has missed it. What was missed is counted, never made up for.
Read timers.py next: it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from convox.providers.local.cron import Schedule

_MINUTE = timedelta(minutes=1)
_COUNTED = 1000
"""Missed moments beyond so many are not counted one by one."""


@dataclass(frozen=True)
class Look:
    """What has come."""

    due: datetime | None = None
    """The moment to run for now."""
    missed: int = 0
    first: datetime | None = None
    last: datetime | None = None
    """The first and the last moment that was missed."""

    @property
    def sentence(self) -> str:
        """What was missed, for people; empty if nothing was."""
        if self.first is None or self.last is None:
            return ""
        if self.missed == 1:
            return f"a run was missed, due {_told(self.first)}: the rack did not run then"
        count = f"{self.missed} or more" if self.missed >= _COUNTED else str(self.missed)
        between = f"{_told(self.first)} to {_told(self.last)}"
        return f"{count} runs were missed, due {between}: the rack did not run then"


def look(schedule: Schedule, since: datetime, now: datetime) -> Look:
    """Return what has come later than `since` and not later than `now`."""
    minute = now.replace(second=0, microsecond=0)
    due = None
    if minute > since and schedule.next(minute - _MINUTE) == minute:
        due = minute
    first = last = None
    missed = 0
    for moment in schedule.until(since, minute - _MINUTE):
        first, last, missed = first or moment, moment, missed + 1
        if missed >= _COUNTED:
            last = minute - _MINUTE
            break
    return Look(due, missed, first, last)


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
