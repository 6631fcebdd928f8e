"""A Docker engine: the one that answers, else Debian's, started by systemd or by hand.

`ensure()` is all a script needs. An engine that this started without an init system is remembered
in a pid file, so that `stop()` ends that one and never another.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from script.support import debian
from script.support.steps import StopError, answer, run, say, step

PID_FILE = Path("/var/run/convox-demo-dockerd.pid")
LOG_FILE = Path("/var/log/convox-demo-dockerd.log")
PACKAGES = ("docker.io", "iptables", "ca-certificates", "apparmor")
"""The last because an engine on a kernel with AppArmor starts no container without its parser."""


def answers() -> bool:
    """Tell whether an engine answers the docker command."""
    return answer(["docker", "version", "--format", "{{.Server.Version}}"], timeout_s=20)[0] == 0


def ensure() -> None:
    """Make an engine answer; installs and starts one when there is none.

    Raises:
        StopError: when it cannot be installed or does not answer in a minute.
    """
    if answers():
        return
    debian.need("dockerd", *PACKAGES)
    debian.need("docker", "docker-cli")
    if answers():
        return
    if Path("/run/systemd/system").is_dir():
        with step("Starting the Docker engine with systemd"):
            run(["systemctl", "start", "docker"], quiet=True)
            _wait()
        return
    with step(f"Starting the Docker engine by hand (no init system here; log in {LOG_FILE})"):
        _start()
        _wait()


def is_ours() -> bool:
    """Tell whether the engine that runs is one that `ensure` started by hand."""
    return _ours() is not None


def stop() -> None:
    """End the engine that `ensure` started by hand, if it did, and wait for its end."""
    pid = _ours()
    if pid is None:
        PID_FILE.unlink(missing_ok=True)
        return
    with step("Stopping the Docker engine that the demo started"):
        os.kill(pid, signal.SIGTERM)
        for _ in range(300):
            if _ours() is None:
                break
            time.sleep(0.1)
        else:
            say(f"    dockerd (pid {pid}) is still ending")
    PID_FILE.unlink(missing_ok=True)
    LOG_FILE.unlink(missing_ok=True)


def _start() -> None:
    with LOG_FILE.open("ab") as log:
        engine = subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    PID_FILE.write_text(f"{engine.pid}\n")


def _ours() -> int | None:
    """The pid of the dockerd we started, while it lives and is still a dockerd."""
    try:
        pid = int(PID_FILE.read_text())
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, ValueError):
        return None
    return pid if name == "dockerd" and state != "Z" else None


def _wait() -> None:
    for _ in range(120):
        if answers():
            return
        if PID_FILE.exists() and _ours() is None:
            break
        time.sleep(0.5)
    tail = LOG_FILE.read_text(errors="replace")[-1500:] if LOG_FILE.exists() else ""
    raise StopError(f"the Docker engine does not answer\n{tail}")
