"""A rack of its own for a measurement: other ports, other folders, nothing of the user touched."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONVOX = ROOT / ".venv" / "bin" / "convox"
PYTHON = ROOT / ".venv" / "bin" / "python"


@dataclass(frozen=True)
class BenchRack:
    """An installed rack and how to reach it."""

    name: str
    home: Path
    https_port: int
    http_port: int
    api_port: int

    @property
    def env(self) -> dict[str, str]:
        """Environment of every command for this rack."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("CONVOX_", "RACK_"))}
        return {
            **clean,
            "CONVOX_STATE": str(self.home / "state"),
            "CONVOX_CONFIG": str(self.home / "config"),
        }

    @property
    def folder(self) -> Path:
        """The rack's own folder."""
        return self.home / "state" / "racks" / self.name

    @property
    def pid(self) -> int:
        """The rack process."""
        return int((self.folder / "rack.lock").read_text().split()[0])

    def convox(self, *arguments: str, check: bool = True, cwd: Path = ROOT) -> str:
        """Run the CLI; return its standard output."""
        done = subprocess.run(
            [CONVOX, *arguments],
            env=self.env,
            cwd=cwd,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
        )
        if check and done.returncode:
            raise RuntimeError(f"convox {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def get(
        self, app: str, service: str = "web", path: str = "/", timeout_s: float = 5
    ) -> tuple[int, str]:
        """Fetch a path of a service through the router; (0, error) when it does not answer."""
        return self._ask(f"{app}-{service}", "GET", path, None, timeout_s)

    def post(self, app: str, path: str, form: str, timeout_s: float = 5) -> int:
        """Send a form to the service `web`; return the answer's status, 0 if there was none."""
        return self._ask(f"{app}-web", "POST", path, form, timeout_s)[0]

    def _ask(
        self, label: str, method: str, path: str, body: str | None, timeout_s: float
    ) -> tuple[int, str]:
        host = f"{label}.{self.name}.localhost"
        connection = Loopback(host, self.https_port, timeout=timeout_s)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)
        finally:
            connection.close()


class Loopback(http.client.HTTPSConnection):
    """A connection to this machine, whatever name is asked for."""

    def connect(self) -> None:
        """Connect."""
        raw = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = unverified().wrap_socket(raw, server_hostname=self.host)


def unverified() -> ssl.SSLContext:
    """Return a TLS context that takes any certificate."""
    # What is measured is the router, not the certificate; the tests verify that.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def rack(name: str = "bench") -> Iterator[BenchRack]:
    """Install a rack, and take it away at the end."""
    home = Path(tempfile.mkdtemp(prefix="convox-bench-"))
    bench = BenchRack(name, home, free_port(), free_port(), free_port())
    try:
        bench.convox(
            "rack", "install", "local", "--name", name,
            f"Port={bench.https_port}", f"HttpPort={bench.http_port}", f"ApiPort={bench.api_port}",
        )  # fmt: skip
        yield bench
    finally:
        bench.convox("rack", "uninstall", "local", name, "--force", check=False)
        shutil.rmtree(home, ignore_errors=True)


def copy_of_hello(target: Path, marker: str) -> Path:
    """Copy examples/hello with `marker` in its answer, so that a build has something to do."""
    shutil.copytree(ROOT / "examples" / "hello", target, dirs_exist_ok=True)
    page = target / "web.py"
    page.write_text(
        page.read_text().replace("This line is yours", f"[{marker}] This line is yours")
    )
    return target


def wait_for(check: object, timeout_s: float, pause_s: float = 0.02) -> float:
    """Call `check` until it is true; return the seconds it took.

    Raises:
        TimeoutError: it never was.
    """
    started = time.monotonic()
    while time.monotonic() - started < timeout_s:
        if check():  # type: ignore[operator]
            return time.monotonic() - started
        time.sleep(pause_s)
    raise TimeoutError(f"not true after {timeout_s} s")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return 0.0


def app_info(bench: BenchRack, app: str) -> dict[str, str]:
    """Return `apps info` of an app."""
    answer: dict[str, str] = json.loads(bench.convox("api", "get", f"/apps/{app}"))
    return answer


def say(text: str) -> None:
    """Tell the progress."""
    print(text, file=sys.stderr, flush=True)
