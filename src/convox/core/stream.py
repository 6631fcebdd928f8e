"""The two shapes in which bytes travel through the contract: a duplex stream and a log feed.

Providers produce and consume these; servers and clients carry them. Nothing here reads a socket
or a file. A provider never holds a thread for a follower: it pushes into `LogFeed` sinks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Sink = Callable[[bytes | None], None]
"""Receives whole chunks of log bytes, then None once at the end. Never blocks the provider's own
threads; while `attach` replays it may wait a few seconds for a slow reader, on that thread, so hold
no lock there that others need."""


class Stream(Protocol):
    """Both directions of an exec, a shell or a proxied connection; blocking.

    `close()` from any thread must wake a blocked `read` within one second. A `read` of b"" has two
    meanings: the client has finished sending and waits for output (half-close and go on), or it is
    gone (end the work); `gone` tells which.
    """

    @property
    def gone(self) -> bool:
        """True once the client has left without an end, or after `close()`."""
        ...

    def read(self) -> bytes:
        """Return the next bytes from the client; b"" once it has finished sending."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes to the client; blocks while the client does not read.

        Raises:
            BrokenPipeError: the client is gone.
        """
        ...

    def close(self) -> None:
        """End both directions; idempotent."""
        ...


class LogFeed(Protocol):
    """A log that can be followed by any number of readers without a thread for each."""

    def attach(self, sink: Sink) -> Callable[[], None]:
        """Replay what the options asked for into `sink`, then go on with what is new.

        Blocks only while replaying; later chunks come from the provider's own thread. `sink(None)`
        is called exactly once when the log has ended. The function returned detaches; idempotent.
        """
        ...


class Chunks(Protocol):
    """A body that is read once, in pieces, never held whole; the consumer closes it."""

    def read(self, size: int = 65536, /) -> bytes:
        """Return up to `size` bytes, b"" at the end; blocks."""
        ...

    def close(self) -> None:
        """Release what is behind it; idempotent."""
        ...
