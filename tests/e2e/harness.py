"""Running the CLI against an installed rack, and writing small apps to deploy."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.harness import CONVOX, BenchRack


@dataclass(frozen=True)
class Done:
    """What a command left: its exit status and both outputs."""

    exit: int
    out: str
    err: str


@dataclass(frozen=True)
class Cli:
    """Runs `convox` against the rack under test, in a folder."""

    rack: BenchRack
    cwd: Path

    def __call__(self, *arguments: str, stdin: bytes | None = None, timeout_s: float = 120) -> Done:
        done = subprocess.run(
            [str(CONVOX), *arguments],
            env=self.rack.env,
            cwd=self.cwd,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            check=False,
            timeout=timeout_s,
        )
        return Done(
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )

    def ok(self, *arguments: str, stdin: bytes | None = None, timeout_s: float = 120) -> str:
        """Run a command that must succeed; return its standard output."""
        done = self(*arguments, stdin=stdin, timeout_s=timeout_s)
        assert done.exit == 0, f"convox {' '.join(arguments)}: {done}"
        return done.out


def write_app(folder: Path, text: str, *, manifest: str = "", page: str = "") -> Path:
    """Write an app that answers `text` with its release on port 3000."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(
        'FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nCMD ["python3", "-u", "web.py"]\n'
    )
    (folder / "convox.yml").write_text(manifest or "services:\n  web:\n    port: 3000\n")
    (folder / "web.py").write_text(page or _PAGE.replace("TEXT", text))
    return folder


_PAGE = (Path(__file__).parent / "pages" / "page.py").read_text()
