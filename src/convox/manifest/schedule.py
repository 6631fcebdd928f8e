"""When a timer runs: an AWS cron expression or five plain cron fields, checked. UTC.

Five fields get a year of `*`. With `?` it is an AWS expression, in which exactly one of day of
month and day of week must be `?` and Sunday is 1; five fields without it are plain cron, in which
Sunday is 0 or 7.

Source: manifest.md section 10; "Cron expressions reference", Amazon EventBridge user guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from convox.core.errors import InvalidError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


CONCURRENCY = ("", "allow", "forbid")
"""What a timer may say of runs that overlap; nothing said is `forbid`."""


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    special: str = r"(?!)"
    """Forms that only this field takes."""


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31, special=r"\?|LW|L|([1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 1, 7, _DAYS, special=r"\?|L|[1-7]L|[1-7]#[1-5]"),
    _Field("year", 1970, 2199),
)
_PLAIN_FIELDS = (
    *_FIELDS[:2],
    _Field("day of month", 1, 31),
    _FIELDS[3],
    _Field("day of week", 0, 7, _DAYS),
    _FIELDS[5],
)


def schedule_fields(expression: str) -> tuple[str, ...]:
    """Return the six fields of an expression.

    Raises:
        InvalidError: it has not five or six, in the incumbent's words.
    """
    parts = expression.split(" ")
    if len(parts) == 5:
        parts.append("*")
    if len(parts) != 6:
        raise InvalidError(f"invalid schedule expression: {expression}")
    return tuple(parts)


def is_plain(expression: str) -> bool:
    """Tell whether an expression is plain cron: five fields, none of them `?`."""
    return expression.count(" ") == 4 and "?" not in expression.split(" ")


def schedule_problem(expression: str) -> str | None:
    """Return what would make the schedule be refused at promote, None if nothing would."""
    try:
        parts = schedule_fields(expression)
    except InvalidError as e:
        return f'{e.what}, must have five or six fields like "0 3 * * ?"'
    plain = is_plain(expression)
    for field, text in zip(_PLAIN_FIELDS if plain else _FIELDS, parts, strict=True):
        if not all(_fits(field, item) for item in text.split(",")):
            return f'{field.name} "{text}" is not valid, {_allowed(field)}'
    if not plain and (parts[2] == "?") == (parts[4] == "?"):
        return 'exactly one of day of month and day of week must be ?, as in "0 3 * * ?"'
    return None


def _fits(field: _Field, item: str) -> bool:
    if re.fullmatch(field.special, item):
        return True
    base, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step[:6]) > 0):
        return False
    bounds = [field.low, field.high] if base == "*" else _numbers(field, base)
    return bool(bounds) and all(low <= high for low, high in pairwise(bounds))


def _numbers(field: _Field, base: str) -> list[int]:
    """Return one number, or the two of a range; nothing if it is neither."""
    numbers = []
    for part in base.split("-"):
        if part.upper() in field.words:
            numbers.append(field.words.index(part.upper()) + field.low)
        elif part.isascii() and part.isdigit() and len(part) <= 4:
            numbers.append(int(part))
        else:
            return []
    inside = all(field.low <= number <= field.high for number in numbers)
    return numbers if inside and len(numbers) <= 2 else []


def _allowed(field: _Field) -> str:
    words = f" or {field.words[0]}-{field.words[-1]}" if field.words else ""
    return f"must be * or numbers from {field.low} to {field.high}{words}, with , - and /"
