"""Dumps of resources: told apart by how they begin and end, written and restored in a container.

A dump goes through the disk of the rack: one that failed half-way is never handed out, and one
that is damaged is found before any data is touched. Commands are in resource_types.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Protocol

from convox.core.errors import FailedError, InvalidError
from convox.core.stream import Chunks
from convox.providers.local.resource_types import TYPES, ResourceType
from convox.providers.local.spool import spooled

_HEAD = 4096
_TAIL = 4096
_REASON = 600
_PIECE = 1 << 16


class Session(Protocol):
    """A command that runs; `ExecSession` is one."""

    def read(self) -> bytes:
        """Return the next output; b"" at the end."""
        ...

    def write(self, data: bytes) -> None:
        """Send input."""
        ...

    def end_input(self) -> None:
        """End the input."""
        ...

    def close(self) -> None:
        """End both directions."""
        ...

    def exit_code(self) -> int:
        """Return the exit code, waiting for the end."""
        ...


class Spooled:
    """A complete dump on the disk, as `Chunks`; gone when it is closed."""

    def __init__(self, pieces: Iterator[bytes], folder: Path) -> None:
        self._stack = ExitStack()
        self._body = self._stack.enter_context(spooled(pieces, folder))

    def read(self, size: int = _PIECE, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        return self._body.read(size)

    def close(self) -> None:
        """Give the disk back."""
        self._stack.close()


def dump_command(kind: ResourceType) -> tuple[str, ...]:
    """Return the command that writes a dump, or why it cannot and a status, to its output."""
    return (
        "sh",
        "-c",
        f'e=$(mktemp); ( {kind.dump.strip()}\n) 2>"$e"; s=$?;'
        f' [ "$s" = 0 ] || tail -c {_REASON} "$e"; rm -f "$e"; exit "$s"',
    )


def dump(session: Session, name: str, folder: Path) -> Spooled:
    """Return the dump that a command writes, once all of it is there.

    Raises:
        FailedError: the command failed; its last words are told.
    """
    try:
        return Spooled(_output(session, name), folder)
    finally:
        session.close()


def restore(session: Session, name: str, body: Chunks) -> None:
    """Give a dump to a command that restores it.

    Raises:
        FailedError: it refused; its last words are told.
    """
    feeding = Thread(target=_feed, args=(session, body), name="convox-restore", daemon=True)
    feeding.start()
    said = b""
    try:
        while data := session.read():
            said = (said + data)[-_REASON:]
        status = session.exit_code()
    finally:
        session.close()
        feeding.join()
    if status:
        raise FailedError(
            f"{name} does not take the dump: {_words(said, status)}", why="its data is as before"
        )


def check(kind: ResourceType, name: str, head: bytes, tail: bytes) -> None:
    """Refuse what is no whole dump of this type.

    Raises:
        InvalidError: it is empty, of another type, or cut off.
    """
    if not head:
        raise InvalidError("the dump is empty")
    found = next((t for t in TYPES.values() if t.signature and t.signature in head), None)
    if head.startswith(b"PGDMP"):
        raise InvalidError(
            "this is an archive of pg_dump, not SQL", fix="make SQL of it: pg_restore -f FILE"
        )
    if found is not None and not _is_kin(found, kind):
        raise InvalidError(f"this is a dump of {found.name}, and {name} is a {kind.name}")
    if found is None and kind.speech == "redis":
        raise InvalidError(f"this is no dump of {kind.name}: it does not begin with REDIS")
    if found is not None and found.ending and found.ending not in tail:
        raise InvalidError(f"the dump of {found.name} is cut off: its last line is missing")


class Ends:
    """Pieces as they pass, with their first and last bytes kept."""

    def __init__(self, body: Chunks) -> None:
        self._body = body
        self.head = b""
        self.tail = b""

    def __iter__(self) -> Iterator[bytes]:
        while data := self._body.read(_PIECE):
            self.head = (self.head + data)[:_HEAD] if len(self.head) < _HEAD else self.head
            self.tail = (self.tail + data)[-_TAIL:]
            yield data


def _is_kin(found: ResourceType, kind: ResourceType) -> bool:
    """MariaDB and MySQL, Redis and Valkey read each other's dumps, mostly."""
    return found.speech == kind.speech


def _output(session: Session, name: str) -> Iterator[bytes]:
    last = b""
    while data := session.read():
        last = (last + data)[-_REASON:]
        yield data
    status = session.exit_code()
    if status:
        raise FailedError(f"{name} could not be dumped: {_words(last, status)}")


def _feed(session: Session, body: Chunks) -> None:
    try:
        while data := body.read(_PIECE):
            session.write(data)
        session.end_input()
    except (FailedError, OSError):
        return  # the command has ended, and says why itself


def _words(said: bytes, status: int) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-3:]) or f"status {status}"
