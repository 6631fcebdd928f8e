"""Times as the existing client writes them: how long ago, how long it took.

Source: cli.md section A, "Output": the buckets and the rounding are those of the existing client.
"""

from __future__ import annotations

import time
from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WEEK, _MONTH, _YEAR = 7 * _DAY, 30 * _DAY, 360 * _DAY

_BUCKETS: tuple[tuple[int, str, int], ...] = (
    (1, "now", 0),
    (2, "1 second", 0),
    (_MINUTE, "seconds", 1),
    (2 * _MINUTE, "1 minute", 0),
    (_HOUR, "minutes", _MINUTE),
    (2 * _HOUR, "1 hour", 0),
    (_DAY, "hours", _HOUR),
    (2 * _DAY, "1 day", 0),
    (_WEEK, "days", _DAY),
    (2 * _WEEK, "1 week", 0),
    (_MONTH, "weeks", _WEEK),
    (2 * _MONTH, "1 month", 0),
    (_YEAR, "months", _MONTH),
    (18 * _MONTH, "1 year", 0),
    (2 * _YEAR, "2 years", 0),
)
"""Upper bound in seconds, words, and the unit to count by (0: the words are complete)."""


def parse(text: str | None) -> datetime | None:
    """Return a time of the wire, None for the zero time; fractions past microseconds are cut."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text)


def relative(text: str | None, now: float | None = None) -> str:
    """Return `2 days ago` or `1 hour from now`; "" for the zero time."""
    moment = parse(text)
    if moment is None:
        return ""
    seconds = (time.time() if now is None else now) - moment.timestamp()
    words = _span(abs(seconds))
    if words == "now":
        return words
    return f"{words} ago" if seconds > 0 else f"{words} from now"


def elapsed(start: str | None, end: str | None) -> str:
    """Return `45s` or `2m5s`; "" while there is no end."""
    begun, ended = parse(start), parse(end)
    if begun is None or ended is None:
        return ""
    minutes, seconds = divmod(int((ended - begun).total_seconds()), 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _span(seconds: float) -> str:
    for bound, words, unit in _BUCKETS:
        if seconds < bound:
            return f"{int(seconds // unit)} {words}" if unit else words
    return f"{int(seconds // _YEAR)} years"
