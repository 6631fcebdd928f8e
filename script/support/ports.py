"""Which TCP ports are free on loopback, and who holds one that is not.

Reads /proc only; may not open a connection.
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from pathlib import Path

LISTENING = "0A"


def is_free(port: int) -> bool:
    """Tell whether something could listen at 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as e:
            if e.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def first_free(start: int, taken: set[int]) -> int:
    """The first free port from `start` on that is not in `taken`."""
    return next(port for port in range(start, 65536) if port not in taken and is_free(port))


def holder(port: int) -> str:
    """Who listens on a port, as `NAME (pid N)`, or `another program` when it cannot be seen."""
    inodes = _listening(port)
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & _sockets(process):
            name = (process / "comm").read_text().strip()
            return f"{name} (pid {process.name})"
    return "another program"


def _sockets(process: Path) -> set[str]:
    """Inodes of the sockets that a process holds; none when it may not be looked at."""
    found = set()
    with suppress(OSError):
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                found.add(link.readlink().name.removeprefix("socket:[").removesuffix("]"))
    return found


def _listening(port: int) -> set[str]:
    """Socket inodes that listen on a port. Source: proc(5), /proc/net/tcp."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes
