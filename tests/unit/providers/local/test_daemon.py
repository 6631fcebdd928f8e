"""The lock of a rack's process, and what it leaves in its log."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from convox.core.clock import SystemClock
from convox.core.errors import ConflictError, FailedError
from convox.providers.local import daemon
from convox.providers.local.layout import Layout

_HOLDER = """
import sys
from pathlib import Path
from convox.core.clock import SystemClock
from convox.providers.local import daemon
from convox.providers.local.layout import Layout
with daemon.locked(Layout(Path(sys.argv[1]), "r"), SystemClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


class FastClock(SystemClock):
    """A clock on which a wait is over at once."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def wait(self, event: Event, seconds: float) -> bool:
        self.passed += seconds
        return event.is_set()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, "r")


@pytest.fixture
def holder(layout: Layout) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", _HOLDER, str(layout.root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_nothing_runs_before_the_first_start(layout: Layout):
    assert daemon.running(layout) == 0


def test_the_holder_of_the_lock_is_the_running_process(
    layout: Layout, holder: subprocess.Popen[str]
):
    assert daemon.running(layout) == holder.pid


def test_a_second_process_is_refused_with_the_first(layout: Layout, holder: subprocess.Popen[str]):
    with (
        pytest.raises(ConflictError, match="rack r runs already") as caught,
        daemon.locked(layout, FastClock()),
    ):
        pass

    assert str(holder.pid) in caught.value.why


def test_a_killed_process_leaves_no_lock(layout: Layout, holder: subprocess.Popen[str]):
    holder.kill()
    holder.wait()

    assert daemon.running(layout) == 0
    with daemon.locked(layout, FastClock()):
        pass


def test_a_lock_that_was_given_back_is_free(layout: Layout):
    with daemon.locked(layout, FastClock()):
        assert layout.lock.read_text() == f"{os.getpid()}\n"

    assert daemon.running(layout) == 0


def test_stop_ends_the_process(layout: Layout, holder: subprocess.Popen[str]):
    daemon.stop(layout, SystemClock())

    assert holder.wait(5) != 0
    assert daemon.running(layout) == 0


def test_stop_without_a_process_is_fine(layout: Layout):
    daemon.stop(layout, SystemClock())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ""),
        (
            '{"message": "x", "reason": "port 1 is taken"}\n{"message": "stopped"}\n',
            "port 1 is taken",
        ),
        ("Traceback\nImportError: no\n", "ImportError: no"),
        ('{"reason": "old"}\n' + "other\n" * 30, "other"),
    ],
)
def test_the_reason_is_what_was_logged_last(layout: Layout, text: str, reason: str):
    layout.daemon_log.write_text(text)

    assert daemon.last_reason(layout) == reason


def test_without_a_log_there_is_no_reason(layout: Layout):
    assert daemon.last_reason(layout) == ""


def test_a_process_that_ended_is_noticed_with_its_reason(layout: Layout):
    pid = daemon.start(layout, layout.root)

    with pytest.raises(FailedError, match="process ended") as caught:
        while True:
            daemon.check_alive(layout, pid)

    assert "no rack r is installed" in caught.value.why
