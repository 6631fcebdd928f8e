"""Say what is being done, run it, and stop with one clear sentence when it fails.

Everything is said on standard error, at once, so that no slow step is silent; standard output
belongs to the result. May not know about Docker, Debian or the project. Read debian.py next.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "convox-standins"
"""Where stand-in images and the notes of what we started are kept."""


class StopError(Exception):
    """The script cannot go on; the message is for the person who runs it."""


def say(line: str) -> None:
    """Print one line of progress."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step before it starts, and how long it took once it is done."""
    say(f"==> {title}")
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    if took >= 1:
        say(f"    done in {took:.0f} s")


def run(
    argv: Sequence[str | Path],
    *,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    quiet: bool = False,
) -> None:
    """Run a command to its end; its output is shown, or with `quiet` only when it fails.

    Raises:
        StopError: when the command is missing or exits other than 0.
    """
    words = [str(word) for word in argv]
    environ = {**os.environ, **(env or {})}
    sink = subprocess.PIPE if quiet else sys.stderr
    try:
        done = subprocess.run(
            words, env=environ, cwd=cwd, stdout=sink, stderr=subprocess.STDOUT, check=False
        )
    except FileNotFoundError as e:
        raise StopError(f"{words[0]}: no such command") from e
    if done.returncode != 0:
        if done.stdout:
            say(done.stdout.decode(errors="replace").rstrip())
        raise StopError(f"{' '.join(words[:6])} failed with exit {done.returncode}")


def answer(argv: Sequence[str | Path], timeout_s: float = 60) -> tuple[int, str, str]:
    """Run a command and return its exit status, output and errors; 127 when it is missing."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, check=False)
    except FileNotFoundError:
        return 127, "", f"{words[0]}: no such command"
    except subprocess.TimeoutExpired:
        return 124, "", f"{words[0]}: no answer in {timeout_s:.0f} s"
    return done.returncode, done.stdout, done.stderr


def main(body: Callable[[list[str]], int]) -> None:
    """Run a script's body, and turn a StopError into one line and exit 1."""
    os.environ.pop("PYTHONPATH", None)
    try:
        sys.exit(body(sys.argv[1:]))
    except StopError as e:
        say(f"ERROR: {e}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
