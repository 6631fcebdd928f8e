"""The reading of one container's output, request by request, without touching a socket.

A reading follows the container; when that ends it asks how the container is; if it has ended it
reads once more what is left (the engine may close a follower before the last lines) and is done.
Whatever fails is tried again, from where the cursor stands, so nothing is lost or stored twice.
Read log_collector.py next: it connects, and moves the bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from convox.providers.local.log_cursors import Cursor, Recent
from convox.providers.local.log_source import Answer, Entry, Frames, Raw
from convox.providers.local.log_text import nanoseconds, stored

_ALIVE = frozenset({"created", "running", "paused", "restarting"})
_RETRIES_S = (0.1, 0.5, 1.0, 2.0, 5.0)


class Phase(StrEnum):
    """What the next request is for."""

    FOLLOW = "follow"
    CHECK = "check"
    DRAIN = "drain"
    DONE = "done"
    """Everything is read; the container has ended."""
    GONE = "gone"
    """The container was removed."""


@dataclass(frozen=True)
class Subject:
    """Whose output is read, and where it goes."""

    id: str
    app: str
    stream: str
    """service/SERVICE/PID"""
    tty: bool = False
    started: datetime | None = None
    """When it was started last: what has ended is read again once this has changed."""

    @property
    def pid(self) -> str:
        """The process id that users see."""
        return self.id[:12]


class Reading:
    """The state between two requests and within one."""

    def __init__(self, subject: Subject, cursor: Cursor, floor: bytes) -> None:
        self.subject = subject
        self.phase = Phase.FOLLOW
        self.pause_s = 0.0
        """How long to wait before the next request."""
        self._cursor = cursor
        self._floor = floor
        self._failures = 0
        self._body = b""
        self._answer = Answer()
        self._parser: Frames | Raw = Frames()
        self._skip: Counter[bytes] = Counter()
        self._recent = Recent(cursor.since)

    @property
    def is_over(self) -> bool:
        """True when there is nothing left to ask."""
        return self.phase in (Phase.DONE, Phase.GONE)

    def request(self) -> bytes:
        """Return the next request, and get ready for its answer."""
        self._answer = Answer()
        self._parser = Raw() if self.subject.tty else Frames()
        self._skip = self._cursor.seen()
        self._body = b""
        return f"GET {self._target()} HTTP/1.0\r\nHost: docker\r\n\r\n".encode()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines to store that these bytes of the answer complete."""
        body = self._answer.feed(data)
        if self.phase is Phase.CHECK or self._answer.status != 200:
            self._body = (self._body + body)[: 1 << 20]
            return []
        return self._new(self._parser.feed(body))

    def ended(self) -> list[bytes]:
        """Take note that the answer is complete; return the last lines to store."""
        status, lines = self._answer.status, []
        self.pause_s = 0.0
        if status == 404:
            self.phase = Phase.GONE
        elif status != 200:
            self.failed()
        elif self.phase is Phase.DRAIN:
            lines = self._new(self._parser.finish())
            self.phase = Phase.DONE
        elif self.phase is Phase.FOLLOW:
            self.phase = Phase.CHECK
        elif self._is_alive():
            self.failed()
            self.phase = Phase.FOLLOW
        else:
            self.phase = Phase.DRAIN
        return lines

    def failed(self) -> None:
        """Take note that the request could not be made or its lines not be stored."""
        self.pause_s = _RETRIES_S[min(self._failures, len(_RETRIES_S) - 1)]
        self._failures += 1
        self.phase = Phase.CHECK if self.phase is Phase.FOLLOW else self.phase

    def is_new_to(self, subject: Subject) -> bool:
        """Tell whether there may be more to read than was, of this life of the container."""
        return not self.is_over or subject != self.subject

    def again(self, subject: Subject) -> None:
        """Ask anew: the container was started again, or may have been removed."""
        self.subject = subject
        self.phase = Phase.CHECK if self.is_over else self.phase
        self._failures = 0

    def lost(self) -> None:
        """Take note that the lines returned last were not stored: they must come again."""
        self._recent = Recent(self._cursor.since)
        self.failed()
        self.phase = Phase.CHECK

    def _target(self) -> str:
        if self.phase is Phase.CHECK:
            return f"/containers/{self.subject.id}/json"
        nanos = nanoseconds(max(self._cursor.since, self._floor))
        since = f"{nanos // 1_000_000_000}.{nanos % 1_000_000_000:09d}"
        follow = int(self.phase is Phase.FOLLOW)
        return (
            f"/containers/{self.subject.id}/logs?stdout=1&stderr=1&timestamps=1"
            f"&follow={follow}&since={since}"
        )

    def _is_alive(self) -> bool:
        try:
            return json.loads(self._body)["State"]["Status"] in _ALIVE
        except (ValueError, KeyError, TypeError):
            return True

    def _new(self, entries: list[Entry]) -> list[bytes]:
        if entries:
            self._failures = 0
        stream = self.subject.stream.encode()
        lines = []
        for key, message, part in entries:
            if self._skip.get(key, 0) > 0:
                self._skip[key] -= 1
            elif key >= self._floor and not self._recent.repeats(key, part, message):
                lines.append(stored(key, stream, message))
        return lines
