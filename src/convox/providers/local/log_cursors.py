"""How far the output of each container has been read, so that it can be resumed anywhere.

The engine can replay a container's output from a moment on. Lines of one container may be out of
order by microseconds (two pipes), and the pieces of one very long line share a moment, so one
timestamp is not enough: a cursor holds the last few with how many lines had each, asks for
everything from the earliest of them and skips exactly those. Pure. Read log_app.py next.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable

from convox.providers.local.log_text import KEY_LENGTH, stream_of

_REMEMBERED = 16
_RING = 1024


class Cursor:
    """The last moments at which one container wrote, oldest first."""

    def __init__(self, recent: Iterable[tuple[bytes, int]] = ()) -> None:
        self._recent: deque[tuple[bytes, int]] = deque(recent, maxlen=_REMEMBERED)

    def note(self, key: bytes) -> None:
        """Count one line that has been stored."""
        if self._recent and self._recent[-1][0] == key:
            self._recent[-1] = (key, self._recent[-1][1] + 1)
        else:
            self._recent.append((key, 1))

    @property
    def since(self) -> bytes:
        """The key from which to read on; empty when nothing was read."""
        return min((key for key, _ in self._recent), default=b"")

    def seen(self) -> Counter[bytes]:
        """Return how many lines to skip at each key."""
        counts: Counter[bytes] = Counter()
        for key, count in self._recent:
            counts[key] += count
        return counts

    def pairs(self) -> list[tuple[str, int]]:
        """Return what makes an equal cursor again."""
        return [(key.decode(), count) for key, count in self._recent]


class Recent:
    """What one container wrote last, to know what the engine hands out twice.

    When it rotates its own file while somebody follows, the engine goes back some way and repeats
    lines (seen with 20.10). What is older than all that is remembered can only be such a line.
    """

    def __init__(self, floor: bytes) -> None:
        self._floor = floor
        self._order: deque[tuple[bytes, int]] = deque()
        self._known: set[int] = set()

    def repeats(self, key: bytes, part: int, message: bytes) -> bool:
        """Tell whether this was seen, and remember it."""
        mark = hash((key, part, message))
        if key < self._floor or mark in self._known:
            return True
        self._known.add(mark)
        self._order.append((key, mark))
        if len(self._order) > _RING:
            oldest, forgotten = self._order.popleft()
            self._floor = max(self._floor, oldest)
            self._known.discard(forgotten)
        return False


class Cursors:
    """The cursors of the containers of one app, by process id."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}

    def of(self, pid: str) -> Cursor:
        """Return the cursor of a process, new if it was never read."""
        return self._cursors.setdefault(pid, Cursor())

    def drop(self, pid: str) -> None:
        """Forget a process whose container is gone."""
        self._cursors.pop(pid, None)

    def note(self, line: bytes) -> None:
        """Count a stored line if it is a container's."""
        stream = stream_of(line)
        if stream.startswith(b"service/"):
            self.of(stream.rpartition(b"/")[2].decode()).note(line[:KEY_LENGTH])

    def encode(self) -> bytes:
        """Return every cursor as one line of text."""
        return json.dumps({pid: c.pairs() for pid, c in self._cursors.items()}).encode()

    def restore(self, lines: Iterable[bytes]) -> None:
        """Read the cursors back from the note and the lines of the last segment."""
        for line in lines:
            if line.startswith(b"# "):
                self._decode(line[2:])
            else:
                self.note(line)

    def _decode(self, text: bytes) -> None:
        try:
            pairs = json.loads(text)
        except ValueError:
            return
        for pid, recent in pairs.items():
            self._cursors[pid] = Cursor((key.encode(), count) for key, count in recent)
