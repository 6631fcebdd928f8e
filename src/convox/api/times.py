"""Times and durations as the wire writes them, both ways.

Three spellings: RFC 3339 in JSON, Go durations and a compact time in parameters. Python keeps
microseconds, so finer digits are cut off. Bad text raises InvalidError with the text in it.

Source: wire.md sections 3 and 4; Go documentation, time.ParseDuration. Read parameters.py next.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from convox.core.errors import InvalidError

ZERO = "0001-01-01T00:00:00Z"
"""How Go writes a time that was never set."""

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_COMPACT = re.compile(r"(\d{8})\.(\d{6})\.(\d{9})", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_MICROS = {
    "ns": 0.001,
    "us": 1,
    "µs": 1,
    "μs": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
}
_LONGEST = timedelta(microseconds=(2**63 - 1) // 1000)


def format_time(value: datetime | None) -> str:
    """Return RFC 3339 in UTC with as many digits as are needed; None is Go's zero time."""
    if value is None:
        return ZERO
    utc = value.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}".rstrip("0") if utc.microsecond else ""
    return f"{utc.replace(microsecond=0, tzinfo=None).isoformat()}{fraction}Z"


def parse_time(text: str) -> datetime | None:
    """Return the time in UTC; None for Go's zero time.

    Raises:
        InvalidError: it is not RFC 3339 with a zone.
    """
    found = _RFC3339.fullmatch(text)
    if not found:
        raise InvalidError(f'invalid time: "{text}" is not RFC 3339 with a zone')
    date, clock, fraction, zone = found.groups()
    micros = (fraction or "").ljust(6, "0")[:6]
    try:
        value = datetime.fromisoformat(f"{date}T{clock}.{micros}{zone}")
        return None if value.year == 1 else value.astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise InvalidError(f'invalid time: "{text}" is not on the calendar') from e


def format_compact(value: datetime) -> str:
    """Return `YYYYMMDD.HHMMSS.nnnnnnnnn` in UTC."""
    utc = value.astimezone(UTC)
    return f"{utc.year:04d}{utc:%m%d.%H%M%S}.{utc.microsecond:06d}000"


def parse_compact(text: str) -> datetime:
    """Return the time that `YYYYMMDD.HHMMSS.nnnnnnnnn` means, UTC.

    Raises:
        InvalidError: the text has another form.
    """
    found = _COMPACT.fullmatch(text)
    if not found:
        raise InvalidError(f'invalid time: "{text}" is not YYYYMMDD.HHMMSS.nnnnnnnnn')
    date, clock, fraction = found.groups()
    try:
        value = datetime.strptime(f"{date}{clock}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as e:
        raise InvalidError(f'invalid time: "{text}" is not on the calendar') from e
    return value.replace(microsecond=int(fraction[:6]))


def format_duration(value: timedelta) -> str:
    """Return a Go duration: `2m0s`, `1.5s`, `300ms`, `0s`."""
    micros = value // timedelta(microseconds=1)
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    if micros == 0:
        return "0s"
    if micros < 1_000:
        return f"{sign}{micros}µs"
    if micros < 1_000_000:
        return f"{sign}{_decimal(micros, 1_000)}ms"
    return sign + _clock(micros)


def parse_duration(text: str) -> timedelta:
    """Return what a Go duration means.

    Raises:
        InvalidError: it is not a Go duration, or longer than Go can hold.
    """
    body = text[1:] if text[:1] in {"+", "-"} else text
    if body == "0":
        return timedelta()
    parts = _PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise InvalidError(f'invalid duration: "{text}" is not of the form 2m0s, 1.5s or 300ms')
    try:
        value = sum((_part(number, unit) for number, unit in parts), timedelta())
    except OverflowError:
        value = timedelta.max
    if value > _LONGEST:
        raise InvalidError(f'invalid duration: "{text}" is too long')
    return -value if text[0] == "-" else value


def _part(number: str, unit: str) -> timedelta:
    whole, _, fraction = number.partition(".")
    micros = int(whole or "0") * _MICROS[unit]
    if fraction:
        micros += int(fraction) * _MICROS[unit] / 10 ** len(fraction)
    return timedelta(microseconds=micros)


def _clock(micros: int) -> str:
    minutes, rest = divmod(micros, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_decimal(rest, 1_000_000)}s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0") if rest else str(whole)
