"""The process of a local rack: `python -m convox.server.local NAME`.

Opens the rack, serves its API on a unix socket that only the router reaches, and stops cleanly on
SIGTERM. There is one such process for a rack; a lock holds off a second one. What it cannot start
for is logged with a `reason`, which `rack install` shows. Read providers/local/rack.py next.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from convox.core import log
from convox.core.clock import Clock, SystemClock
from convox.core.errors import ConvoxError, NotFoundError
from convox.providers.local import daemon
from convox.providers.local.layout import Layout, layout_of
from convox.providers.local.options import check_name
from convox.providers.local.rack import LocalRack, open_rack
from convox.server import app
from convox.server.auth import PasswordAuth

_log = logging.getLogger(__name__)
_LOG_BYTES = 5 << 20
_LOG_FILES = 2


def main(arguments: Sequence[str]) -> int:
    """Run the rack named by the one argument until it is told to end; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m convox.server.local NAME\n")
        return 2
    log.setup()
    try:
        layout = layout_of(check_name(arguments[0]))
        _require_installed(layout)
        clock = SystemClock()
        with daemon.locked(layout, clock):
            _log_to_file(layout)
            _run(layout, clock)
    except ConvoxError as e:
        _log.error("the rack cannot run", extra={"reason": e.wire})
        return 1
    return 0


def _run(layout: Layout, clock: Clock) -> None:
    rack = open_rack(layout, clock)
    rack.start()
    try:
        _serve(rack, layout, clock)
    finally:
        rack.stop()
    _log.info("stopped", extra={"rack": layout.rack})


def _serve(rack: LocalRack, layout: Layout, clock: Clock) -> None:
    credentials = rack.credentials
    auth = PasswordAuth(credentials.hashes, credentials, clock)
    # A path relative to the folder fits a socket's address however deep the folder is.
    os.chdir(layout.router)
    address = app.Address(path=Path(layout.api_socket.name))
    app.serve(app.create(rack, auth, clock=clock), address)


def _require_installed(layout: Layout) -> None:
    if not layout.database.exists():
        raise NotFoundError(
            f"no rack {layout.rack} is installed at {layout.root}",
            fix=f"install it: convox rack install local --name {layout.rack}",
        )


def _log_to_file(layout: Layout) -> None:
    """Log to a file that is rotated, unless a service manager keeps what is written here."""
    if "JOURNAL_STREAM" in os.environ:
        return
    handler = RotatingFileHandler(layout.daemon_log, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES)
    handler.setFormatter(log.JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
