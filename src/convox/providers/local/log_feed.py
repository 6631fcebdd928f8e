"""Many followers of one log: history first, then what is new, with neither gap nor duplicate.

A log has a lock, an end, and a `Broadcast`. A feed replays up to the end, again up to the new end,
and joins the broadcast under the lock once nothing came in between. It replays without the lock,
because a sink may make its own replay wait for a slow reader. No follower has a thread: whoever
appends pushes into the sinks, which must not block then; what many of them asked for alike is
rendered once. A sink that raises is dropped and the others go on.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import RLock
from typing import Generic, Protocol, TypeVar

from convox.core.stream import Sink
from convox.providers.local.log_text import message_of, stream_of, with_prefix

log = logging.getLogger(__name__)
_CATCH_UP_ROUNDS = 100
_CHUNK_LINES = 512


@dataclass(frozen=True)
class Selection:
    """Which lines a follower wants, and in which form."""

    prefix: bool = False
    needle: bytes = b""
    """Only lines whose message contains it."""
    pid: str = ""
    """Only lines of this process."""

    def render(self, lines: list[bytes]) -> bytes:
        """Return the bytes for the wire."""
        if self.pid:
            own = f"/{self.pid}".encode()
            lines = [line for line in lines if stream_of(line).endswith(own)]
        if self.needle:
            lines = [line for line in lines if self.needle in message_of(line)[:-1]]
        form = with_prefix if self.prefix else message_of
        return b"".join(map(form, lines))


@dataclass(eq=False)
class _Follower:
    selection: Selection
    sink: Sink


class Broadcast:
    """The live followers of one log; every call happens under the log's lock."""

    def __init__(self) -> None:
        self._followers: list[_Follower] = []

    def join(self, selection: Selection, sink: Sink) -> _Follower:
        """Add a follower."""
        follower = _Follower(selection, sink)
        self._followers.append(follower)
        return follower

    def leave(self, follower: _Follower) -> None:
        """Remove a follower; one that left before is no error."""
        if follower in self._followers:
            self._followers.remove(follower)

    def publish(self, lines: list[bytes]) -> None:
        """Push new lines to everyone who wants them."""
        rendered: dict[Selection, bytes] = {}
        for follower in list(self._followers):
            if follower.selection not in rendered:
                rendered[follower.selection] = follower.selection.render(lines)
            if rendered[follower.selection]:
                self._push(follower, rendered[follower.selection])

    def publish_raw(self, data: bytes) -> None:
        """Push bytes as they are to everyone."""
        for follower in list(self._followers):
            self._push(follower, data)

    def end(self, pid: str = "") -> None:
        """End every follower, or those of one process."""
        for follower in list(self._followers):
            if not pid or follower.selection.pid == pid:
                self.leave(follower)
                self._push(follower, None)

    def _push(self, follower: _Follower, data: bytes | None) -> None:
        try:
            follower.sink(data)
        except Exception:  # a follower's fault must not stop the one reader of the source
            self.leave(follower)
            log.warning("a log follower failed and was dropped", exc_info=True)


P = TypeVar("P")


class Log(Protocol[P]):
    """What can be followed."""

    lock: RLock
    broadcast: Broadcast

    def begin(self) -> P:
        """Return the place where the replay starts."""
        ...

    def end(self) -> P:
        """Return the place behind the last byte."""
        ...

    def replay(self, start: P, end: P, selection: Selection) -> Iterator[bytes]:
        """Yield what is between two places, as the wire has it."""
        ...

    def is_over(self, selection: Selection) -> bool:
        """Tell whether nothing can come any more."""
        ...


class Feed(Generic[P]):
    """A `LogFeed` over anything that can be followed."""

    def __init__(self, source: Log[P], selection: Selection, *, is_following: bool) -> None:
        self._source = source
        self._selection = selection
        self._is_following = is_following

    def attach(self, sink: Sink) -> Callable[[], None]:
        """Replay into `sink`, then follow; see `convox.core.stream.LogFeed`."""
        source = self._source
        place = source.begin()
        for rounds in itertools.count():
            end = source.end()
            self._replay(place, end, sink)
            place = end
            with source.lock:
                if not self._is_following or source.is_over(self._selection):
                    break
                if rounds >= _CATCH_UP_ROUNDS:
                    self._replay(place, source.end(), sink)
                    place = source.end()
                if place == source.end():
                    follower = source.broadcast.join(self._selection, sink)
                    return lambda: self._leave(follower)
        if self._is_following:
            self._replay(place, source.end(), sink)
        sink(None)
        return _nothing

    def _replay(self, start: P, end: P, sink: Sink) -> None:
        if start != end:
            for chunk in self._source.replay(start, end, self._selection):
                sink(chunk)

    def _leave(self, follower: _Follower) -> None:
        with self._source.lock:
            self._source.broadcast.leave(follower)


def rendered(blocks: Iterator[list[bytes]], selection: Selection) -> Iterator[bytes]:
    """Yield blocks of stored lines as chunks of a modest size."""
    for block in blocks:
        for start in range(0, len(block), _CHUNK_LINES):
            chunk = selection.render(block[start : start + _CHUNK_LINES])
            if chunk:
                yield chunk


def _nothing() -> None:
    """Detach from a feed that has ended."""
