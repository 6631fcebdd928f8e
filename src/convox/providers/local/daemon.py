"""The rack process: its lock, and starting and stopping it where no service manager does.

The lock file is held by the one running process of a rack and contains its id. Read
server/local.py for what the process does.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO

from convox.core.clock import Clock
from convox.core.errors import ConflictError, FailedError
from convox.providers.local import service_unit
from convox.providers.local.layout import Layout

_STOP_LIMIT_S = 20.0
_LOCK_LIMIT_S = 2.0
_POLL_S = 0.05
_HIDDEN = ("RACK_URL", "PASSWORD", "JOURNAL_STREAM")
"""Variables that are about the client or its terminal and must not follow into a rack."""


@contextmanager
def locked(layout: Layout, clock: Clock) -> Iterator[None]:
    """Hold the rack's lock while the block runs.

    Raises:
        ConflictError: another process holds it.
    """
    with layout.lock.open("a+") as file:
        _acquire(file, layout, clock)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def running(layout: Layout) -> int:
    """Return the id of the rack's process, 0 when none runs, -1 when it is just starting."""
    try:
        with layout.lock.open() as file:
            if _try_lock(file, fcntl.LOCK_SH):
                return 0
            words = file.read().split()
            return int(words[0]) if words else -1
    except FileNotFoundError:
        return 0


def start(layout: Layout, state: Path) -> int:
    """Start the rack's process, detached; return its id, 0 if a service manager has it."""
    if service_unit.exists(layout):
        service_unit.start(layout)
        return 0
    environment = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
    log = str(layout.daemon_log)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "convox.server.local", layout.rack],
        {**environment, "CONVOX_STATE": str(state.absolute())},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def stop(layout: Layout, clock: Clock) -> None:
    """End the rack's process, by force if it does not in 20 s; fine if none runs."""
    service_unit.remove(layout)
    pid = running(layout)
    while pid < 0:
        clock.wait(Event(), _POLL_S)
        pid = running(layout)
    if not pid:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if _ended(layout, pid, clock):
            return
    raise FailedError(f"process {pid} of the rack {layout.rack} does not end")


def check_alive(layout: Layout, pid: int) -> None:
    """Return if the process that `start` made has not ended.

    Raises:
        FailedError: it has; says what it logged last.
    """
    if pid and os.waitpid(pid, os.WNOHANG)[0]:
        raise FailedError("the rack's process ended", why=last_reason(layout))


def last_reason(layout: Layout) -> str:
    """Return why the process ended, from its log; empty if it did not say."""
    try:
        lines = layout.daemon_log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    for line in reversed(lines[-20:]):
        try:
            return str(json.loads(line)["reason"])
        except (ValueError, KeyError, TypeError):
            continue
    return lines[-1] if lines else ""


def _acquire(file: IO[str], layout: Layout, clock: Clock) -> None:
    deadline = clock.monotonic() + _LOCK_LIMIT_S
    while not _try_lock(file, fcntl.LOCK_EX):
        # Whoever only looks whether it is held holds it for a moment.
        if clock.monotonic() > deadline:
            file.seek(0)
            pid = file.read().strip()
            raise ConflictError(f"the rack {layout.rack} runs already", why=f"as process {pid}")
        clock.wait(Event(), _POLL_S)


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ended(layout: Layout, pid: int, clock: Clock) -> bool:
    deadline = clock.monotonic() + _STOP_LIMIT_S
    while running(layout) == pid:
        if clock.monotonic() > deadline:
            return False
        clock.wait(Event(), _POLL_S)
    return True
