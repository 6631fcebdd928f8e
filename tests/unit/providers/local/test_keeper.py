"""What a rack removes by itself, and when it warns of a full disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convox.core.clock import SystemClock
from convox.core.errors import UnavailableError
from convox.providers.local.disk import Disk
from convox.providers.local.keeper import Keeper, Sweeps
from convox.providers.local.layout import Layout


class Machine:
    """The engine, the log and the builds, as a keeper sees them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.forgotten: list[str] = []
        self.pruned: list[tuple[int, int]] = []
        self.swept = 0
        self.down = False

    def folder(self) -> Path:
        return Path("/nonexistent")

    def prune_build_cache(self, keep_bytes: int, unused_h: int) -> int:
        if self.down:
            raise UnavailableError("the Docker engine does not answer")
        self.pruned.append((keep_bytes, unused_h))
        return 5 << 20

    def system(self, app: str, message: str) -> None:
        self.lines.append(message)

    def forget_build(self, id: str) -> None:
        self.forgotten.append(id)

    def sweep_builds(self) -> None:
        self.swept += 1
        if self.down:
            raise UnavailableError("the Docker engine does not answer")


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def keeper(machine: Machine, tmp_path: Path) -> Keeper:
    layout = Layout(tmp_path, "r")
    layout.build_logs.mkdir()
    sweeps = Sweeps(machine.sweep_builds, lambda: {"BRUNNING"}, lambda: 7)
    return Keeper(machine, layout, machine, SystemClock(), sweeps)  # type: ignore[arg-type]


def log_of(tmp_path: Path, build: str, days: int) -> None:
    path = Layout(tmp_path, "r").build_logs / f"{build}.log"
    path.touch()
    then = SystemClock().now().timestamp() - days * 86400
    os.utime(path, (then, then))


def test_old_logs_of_builds_go_but_not_of_one_that_runs(keeper, machine, tmp_path):
    log_of(tmp_path, "BOLD", 8)
    log_of(tmp_path, "BNEW", 6)
    log_of(tmp_path, "BRUNNING", 8)

    keeper.sweep()

    assert machine.forgotten == ["BOLD"]


def test_build_cache_is_pruned_above_ten_gibibytes_if_unused_for_a_week(keeper, machine):
    keeper.sweep()

    assert machine.pruned == [(10 << 30, 168)]
    assert machine.lines == ["removed 5 MiB of build cache unused for a week"]


def test_a_dead_engine_does_not_keep_the_rest_from_being_swept(keeper, machine, tmp_path):
    log_of(tmp_path, "BOLD", 8)
    machine.down = True

    keeper.sweep()

    assert machine.swept == 1
    assert machine.forgotten == ["BOLD"]


def test_a_full_disk_is_said_once_and_again_when_it_was_not_full_between(keeper, machine):
    full, fine = Disk("/d", 85, 100), Disk("/d", 84, 100)

    for disk in (full, full, fine, full):
        keeper.disk = lambda disk=disk: disk
        keeper.look()

    assert len(machine.lines) == 2
    assert machine.lines[0].startswith("WARNING: the disk of /d is 85 percent full")
    assert "convox doctor --prune" in machine.lines[0]


def test_the_disk_of_the_rack_is_known_without_the_engine(keeper, tmp_path):
    assert keeper.disk().path == str(tmp_path)


def test_it_ends_at_once(keeper):
    keeper.start()
    keeper.stop()
