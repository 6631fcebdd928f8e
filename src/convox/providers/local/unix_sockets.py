"""Unix sockets at paths of any length.

An address holds 107 bytes of path; a rack's folder may be deeper. What is too long is reached
through the descriptor of its folder.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 107
"""sun_path is 108 bytes with its final zero. Source: unix(7)."""


def connect(sock: socket.socket, path: Path) -> None:
    """Connect `sock` to the socket file at `path`."""
    with _address(path) as address:
        sock.connect(address)


def bind(sock: socket.socket, path: Path) -> None:
    """Bind `sock` to a new socket file at `path`."""
    with _address(path) as address:
        sock.bind(address)


@contextmanager
def _address(path: Path) -> Iterator[str]:
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
