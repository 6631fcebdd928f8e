"""An engine of a test's own, in its own namespaces, that may be stopped without harm to others.

`run SCRIPT` as root: the process gets mount, network and process namespaces in which /run,
/var/lib/docker and /var/lib/containerd are its own. The script starts and stops its `OwnEngine`,
which is reached at the usual address.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_INSIDE = """\
set -e
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p /run/lock "$HOME/docker" "$HOME/containerd" /var/lib/docker /var/lib/containerd
mount --bind "$HOME/docker" /var/lib/docker
mount --bind "$HOME/containerd" /var/lib/containerd
exec "$0" "$@"
"""


def run(home: Path, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python script in namespaces of its own; everything it started ends with it."""
    home.mkdir(parents=True, exist_ok=True)
    command = ["unshare", "-m", "-n", "-p", "-f", "--mount-proc", "--kill-child"]
    inside = ["sh", "-c", _INSIDE, sys.executable, str(script), *arguments]
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(
        [*command, *inside],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


class OwnEngine:
    """The engine inside; used by the script that `run` runs."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(["dockerd"], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(self._log.read_text()[-2000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as a machine that goes down does; its containers end with it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def cut(self, *spared: int) -> None:
        """End every process of the namespaces at once, as a power cut does, but those spared."""
        assert self._process is not None
        for pid in _others(spared):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(60)
        deadline = time.monotonic() + 10
        while _others(spared) and time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)
            time.sleep(0.01)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith(("/run/docker/", "/var/lib/docker/")):
                subprocess.run(["umount", "-l", mount], check=False)
        for path in Path("/run").glob("docker*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _others(spared: tuple[int, ...]) -> list[int]:
    kept = {os.getpid(), *spared}
    return [
        int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and int(p.name) not in kept
    ]
