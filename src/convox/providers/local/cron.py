"""When a schedule comes: the moments of an AWS cron expression or of plain cron, in UTC. Pure.

The moments are cronsim's; what AWS spells in another way is translated first: weekdays that count
from 1, `?`, years, and the weekday nearest to a day (`15W`), which cronsim does not know. What may
be written is decided by convox.manifest.schedule; read that first.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError

from convox.core.errors import InvalidError
from convox.manifest.schedule import is_plain, schedule_fields, schedule_problem

_MINUTE = timedelta(minutes=1)
_MONTHS_AHEAD = 12 * 12
"""How far the weekday nearest to a day is looked for: beyond the longest gap of leap years."""
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


@dataclass(frozen=True)
class Schedule:
    """A checked expression."""

    lines: tuple[str, ...]
    """In cronsim's spelling, any of which may come."""
    near: tuple[tuple[int, str], ...] = ()
    """A day whose nearest weekday is meant, and the line with `{}` for its day."""
    years: frozenset[int] | None = None
    """None is every year."""

    def next(self, after: datetime) -> datetime | None:
        """Return the first moment later than `after`; None if it never comes."""
        found = [_first(line, after, self.years) for line in self.lines]
        found += [_nearest(day, line, after, self.years) for day, line in self.near]
        return min((moment for moment in found if moment is not None), default=None)

    def until(self, after: datetime, last: datetime) -> Iterator[datetime]:
        """Yield the moments later than `after` and not later than `last`, in order."""
        moment = self.next(after)
        while moment is not None and moment <= last:
            yield moment
            moment = self.next(moment)


def schedule(expression: str) -> Schedule:
    """Return the schedule that an expression means.

    Raises:
        InvalidError: it cannot be read.
    """
    problem = schedule_problem(expression)
    if problem is not None:
        if not problem.startswith("invalid schedule expression"):
            problem = f"invalid schedule expression: {expression}: {problem}"
        raise InvalidError(problem)
    minute, hour, day, month, weekday, year = schedule_fields(expression)
    if is_plain(expression):
        return Schedule((f"{minute} {hour} {day} {month} {weekday}",))
    weekday = ",".join(_weekday(item) for item in weekday.upper().split(","))
    items = day.upper().replace("?", "*").split(",")
    others = [item for item in items if not item.endswith("W") or item == "LW"]
    return Schedule(
        lines=tuple(f"{minute} {hour} {','.join(others)} {month} {weekday}" for _ in others[:1]),
        near=tuple(
            (int(item[:-1]), f"{minute} {hour} {{}} {month} *")
            for item in items
            if item not in others
        ),
        years=_years(year),
    )


def _weekday(item: str) -> str:
    """Return an item of AWS's days of the week as cronsim spells it."""
    if item == "?":
        return "*"
    if item == "L":
        return "6"
    base, slash, step = item.partition("/")
    if base.endswith("L") or "#" in base:
        return f"{int(base[0]) - 1}{base[1:]}"
    if base == "*":
        return item
    bounds = "-".join(str(int(part) - 1) if part.isdigit() else part for part in base.split("-"))
    if slash and "-" not in bounds:
        # cronsim's week goes on to a second Sunday.
        bounds += "-6"
    return bounds + slash + step


def _years(text: str) -> frozenset[int] | None:
    if text == "*":
        return None
    found: set[int] = set()
    for item in text.split(","):
        base, slash, step = item.partition("/")
        low, _, high = base.partition("-")
        first = _FIRST_YEAR if low == "*" else int(low)
        last = int(high) if high else _LAST_YEAR if slash or low == "*" else first
        found.update(range(first, last + 1, int(step) if slash else 1))
    return frozenset(found)


def _first(line: str, after: datetime, years: frozenset[int] | None) -> datetime | None:
    for start in _starts(after, years):
        try:
            found: datetime = next(CronSim(line, start))
        except (CronSimError, StopIteration):
            return None
        if years is None or found.year in years:
            return found
    return None


def _starts(after: datetime, years: frozenset[int] | None) -> Iterator[datetime]:
    """Yield from where to look: from `after`, or from the beginning of each year that counts."""
    if years is None:
        yield after
        return
    for year in sorted(year for year in years if year >= after.year):
        yield max(after, datetime(year, 1, 1, tzinfo=after.tzinfo) - _MINUTE)


def _nearest(day: int, line: str, after: datetime, years: frozenset[int] | None) -> datetime | None:
    start = next(_starts(after, years), None)
    if start is None:
        return None
    for number in range(_MONTHS_AHEAD):
        year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
        first = datetime(year, month + 1, 1, tzinfo=after.tzinfo)
        if day > calendar.monthrange(year, month + 1)[1] or (years and year not in years):
            continue
        wanted = line.format(_weekday_near(year, month + 1, day))
        found = _first(wanted, max(after, first - _MINUTE), None)
        if found is not None and (found.year, found.month) == (year, month + 1):
            return found
    return None


def _weekday_near(year: int, month: int, day: int) -> int:
    """Return the day of the month, Monday to Friday, that is nearest to a day."""
    last = calendar.monthrange(year, month)[1]
    match calendar.weekday(year, month, day):
        case calendar.SATURDAY:
            return day - 1 if day > 1 else 3
        case calendar.SUNDAY:
            return day + 1 if day < last else day - 2
        case _:
            return day
