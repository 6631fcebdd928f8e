"""The rack process as a systemd service: its unit, and how to install and remove it.

Only where systemd runs the machine and the user is root; daemon.py has the other way.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from convox.core.errors import FailedError
from convox.providers.local.layout import Layout

FOLDER = Path("/etc/systemd/system")
_RUNNING = Path("/run/systemd/system")
_TEXT = """\
[Unit]
Description=Convox rack {rack}
After=docker.service network-online.target
Wants=docker.service network-online.target

[Service]
ExecStart={command}
Environment={state}
Restart=always
RestartSec=1
KillMode=mixed
TimeoutStopSec=30
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
"""


def is_usable() -> bool:
    """Tell whether systemd runs this machine and may be told to run a rack."""
    return _RUNNING.is_dir() and os.geteuid() == 0


def unit_name(rack: str) -> str:
    """Return the name of the unit of a rack."""
    return f"convox-{rack}.service"


def unit_text(layout: Layout, state: Path, python: str = sys.executable) -> str:
    """Return the unit; `state` is the folder of all racks."""
    words = (python, "-P", "-m", "convox.server.local", layout.rack)
    return _TEXT.format(
        rack=layout.rack,
        command=" ".join(map(_quote, words)),
        state=_quote(f"CONVOX_STATE={state}"),
    )


def install(layout: Layout, state: Path, folder: Path = FOLDER) -> None:
    """Write the unit and have systemd start it, now and at each boot."""
    (folder / unit_name(layout.rack)).write_text(unit_text(layout, state))
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", unit_name(layout.rack))


def start(layout: Layout) -> None:
    """Start the unit; fine if it runs."""
    _systemctl("start", unit_name(layout.rack))


def remove(layout: Layout, folder: Path = FOLDER) -> None:
    """Stop the service and remove the unit; fine if there is none."""
    path = folder / unit_name(layout.rack)
    if not path.exists():
        return
    _systemctl("disable", "--now", unit_name(layout.rack))
    path.unlink(missing_ok=True)
    _systemctl("daemon-reload")


def exists(layout: Layout, folder: Path = FOLDER) -> bool:
    """Tell whether the rack was installed as a service."""
    return (folder / unit_name(layout.rack)).exists()


def _systemctl(*words: str) -> None:
    done = subprocess.run(
        ["systemctl", *words], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise FailedError(f"systemctl {' '.join(words)} failed", why=done.stderr.strip())


def _quote(word: str) -> str:
    """Quote a word for a unit. Source: systemd.service(5), "Command lines"; systemd.unit(5)."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or " " in word else word
