"""What happened, for people: one frozen `Event`, and where it goes.

Emitted in two places: where a request is served and where work is applied. Logs are for
operators and are never read back as events. The data of an event is already redacted by
whoever makes it (api/fields.py has `redact`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How it ended: done, refused before anything was touched, or tried and failed."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Event:
    """One thing that somebody did or that work came to."""

    tag: str
    """`app:release:promote` and so on; the contract lists those of requests."""
    actor: str
    resource: str
    """What it was done to: `app/web/release/RABC`."""
    at: datetime
    outcome: Outcome
    data: Mapping[str, str] = field(default_factory=dict)
    request: str = ""
    """The id of the request, when there was one."""


Emit = Callable[[Event], None]
"""Takes an event; must not block and must not raise."""
