"""Go's duration texts, which the wire uses: parsed from what a person writes, written as Go would.

Source: Go documentation, package time, ParseDuration and Duration.String.
"""

from __future__ import annotations

from convox.core.errors import InvalidError

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


def go_duration(text: str, flag: str) -> str:
    """Return `text` as Go would write it: `90m` is `1h30m0s`.

    Raises:
        InvalidError: it is no duration; names `flag`.
    """
    nanoseconds = _parse(text.removeprefix("+").removeprefix("-"))
    if nanoseconds is None:
        raise InvalidError(
            f'invalid argument "{text}" for "{flag}" flag: time: invalid duration "{text}"',
            fix="write numbers with units, such as 90s, 10m or 1h30m",
        )
    return ("-" if text.startswith("-") and nanoseconds else "") + _format(nanoseconds)


def _parse(text: str) -> int | None:
    if text == "0":
        return 0
    import re

    if not re.fullmatch(r"((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+", text, re.ASCII):
        return None
    total = 0
    for whole, fraction, unit in re.findall(r"(\d*)\.?(\d*)(ns|us|µs|ms|s|m|h)", text):
        total += int(whole or 0) * _UNITS[unit]
        total += int(fraction or 0) * _UNITS[unit] // 10 ** len(fraction)
    return total


def _format(nanoseconds: int) -> str:
    if nanoseconds == 0:
        return "0s"
    for unit, above in (("ns", "us"), ("µs", "ms"), ("ms", "s")):
        if nanoseconds < _UNITS[above]:
            return _decimal(nanoseconds, _UNITS[unit]) + unit
    hours, rest = divmod(nanoseconds, _UNITS["h"])
    minutes, rest = divmod(rest, _UNITS["m"])
    text = _decimal(rest, _UNITS["s"]) + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(value: int, unit: int) -> str:
    whole, fraction = divmod(value, unit)
    digits = str(fraction).zfill(len(str(unit)) - 1).rstrip("0") if fraction else ""
    return f"{whole}.{digits}" if digits else str(whole)
