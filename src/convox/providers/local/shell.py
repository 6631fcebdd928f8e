"""Carry a command's input and output between a client and a container, until either ends.

Two threads: the caller's carries the output, one more the input, because each blocks. Input that
ends is half-closed and the output goes on. A client that is gone hangs up: the terminal's process
gets SIGHUP, any other loses its input, and nobody waits for it any more.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import Protocol

from convox.core.stream import Stream


class Session(Protocol):
    """A command that runs; `ExecSession` is one."""

    def read(self) -> bytes:
        """Return the next output; b"" at the end."""
        ...

    def write(self, data: bytes) -> None:
        """Send input."""
        ...

    def end_input(self) -> None:
        """End the input; the output goes on."""
        ...

    def hang_up(self) -> None:
        """Tell the process that its terminal is gone."""
        ...

    def close(self) -> None:
        """End both directions and wake a blocked read."""
        ...

    def exit_code(self) -> int:
        """Return the exit code, waiting for the end; -1 once closed."""
        ...


def carry(session: Session, stream: Stream) -> int:
    """Carry until the command ends; return its exit code, -1 if the client left before.

    The input's thread ends when the caller closes the stream, which it does after this.
    """
    ended = Event()
    Thread(
        target=_carry_input, args=(session, stream, ended), name="convox-exec-input", daemon=True
    ).start()
    try:
        while data := session.read():
            stream.write(data)
        return session.exit_code()
    except BrokenPipeError:
        session.hang_up()
        return -1
    finally:
        ended.set()
        session.close()


def _carry_input(session: Session, stream: Stream, ended: Event) -> None:
    try:
        while data := stream.read():
            session.write(data)
    except BrokenPipeError:
        # The command no longer reads; what it still says is carried to its end.
        while stream.read():
            pass
    if ended.is_set():
        return
    if stream.gone:
        session.hang_up()
        session.close()
    else:
        session.end_input()
