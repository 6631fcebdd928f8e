"""What is found wrong with a machine and a rack, and the command that mends each."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from convox.core.clock import SystemClock
from convox.core.errors import UnavailableError
from convox.providers.local import certificates, options
from convox.providers.local.builder import ClassicBuilder
from convox.providers.local.doctor import Doctor, Finding
from convox.providers.local.engine_values import EngineInfo
from convox.providers.local.layout import Layout
from convox.providers.local.options import RackOptions
from convox.providers.local.store import open_store


class Machine:
    """An engine that is what a test says."""

    def __init__(self) -> None:
        self.version = "24.0.7"
        self.down = False
        self.routers: list[object] = []

    def info(self) -> EngineInfo:
        if self.down:
            raise UnavailableError("the Docker engine does not answer at x")
        return EngineInfo(self.version, "1.43", 2, 4096, "here")

    def containers(self, labels: object) -> list[object]:
        return self.routers

    def folder(self) -> Path:
        return Path("/")

    def prune_build_cache(self, keep_bytes: int, unused_h: int) -> int:
        assert (keep_bytes, unused_h) == (0, 0)
        return 7


class LateClock(SystemClock):
    """Another day."""

    def __init__(self, days: int) -> None:
        self._days = days

    def now(self):
        return super().now() + timedelta(days=self._days)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A rack that is installed and does not run."""
    made = Layout(tmp_path / "r", "r")
    made.router.mkdir(parents=True)
    files = certificates.Files(made.router / "pki")
    certificates.make(files, "r", ("localhost",), SystemClock().now())
    store = open_store(made.database, SystemClock())
    options.save(store.settings, RackOptions(1, 2, 3, "10.7.0.0/16"))
    store.close()
    return made


def doctor(machine: Machine, days: int = 0) -> Doctor:
    return Doctor(machine, machine, LateClock(days), lambda: ClassicBuilder(machine))  # type: ignore[arg-type]


def by_check(findings) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.check, []).append(finding)
    return found


def test_an_engine_that_does_not_answer_ends_the_look_at_the_machine(machine):
    machine.down = True

    (found,) = doctor(machine).machine()

    assert (found.status, found.check) == ("problem", "engine")
    assert found.fix == "start it: sudo systemctl start docker"


@pytest.mark.parametrize(("version", "status"), [("19.03.1", "problem"), ("20.10.24+x", "ok")])
def test_an_engine_that_is_too_old_is_a_problem(machine, version, status):
    machine.version = version

    assert by_check(doctor(machine).machine())["engine"][0].status == status


def test_a_machine_without_buildkit_is_warned_of(machine):
    assert by_check(doctor(machine).machine())["builds"][0].status == "warning"


def test_a_rack_that_does_not_run_is_found_with_what_starts_it(machine, layout):
    found = by_check(doctor(machine).rack(layout))

    for check in ("process", "router"):
        assert found[check][0].status == "problem"
        assert found[check][0].fix == "convox rack start local r"
    assert [each.text for each in found["ports"]] == [
        "nothing listens on Port=1",
        "nothing listens on HttpPort=2",
        "nothing listens on ApiPort=3",
    ]
    assert {each.status for each in found["certificates"]} == {"ok"}


def test_certificates_are_said_before_and_after_they_end(machine, layout):
    soon = by_check(doctor(machine, days=3640).rack(layout))["certificates"]
    late = by_check(doctor(machine, days=4000).rack(layout))["certificates"]

    assert {each.status for each in soon} == {"warning"}
    assert {each.status for each in late} == {"problem"}


def test_a_clock_before_the_certificates_is_the_clock_s_fault(machine, layout):
    found = by_check(doctor(machine, days=-400).rack(layout))

    assert found["clock"][0].fix == "sudo timedatectl set-ntp true"


def test_a_lost_certificate_is_a_problem(machine, layout):
    (layout.router / "pki" / "api.crt").write_text("no certificate")

    assert "problem" in {e.status for e in by_check(doctor(machine).rack(layout))["certificates"]}


@pytest.mark.parametrize("data", [b"no database at all" * 99, b""])
def test_a_damaged_state_is_one_problem_and_is_not_touched(machine, layout, data):
    layout.database.write_bytes(data)
    for side in ("-wal", "-shm"):
        layout.database.with_name(layout.database.name + side).unlink(missing_ok=True)

    (found,) = doctor(machine).rack(layout)

    assert (found.check, found.status, found.fix) == (
        "state",
        "problem",
        "convox rack restore FILE",
    )
    assert layout.database.read_bytes() == data


def test_looking_at_a_rack_changes_nothing_in_its_state(machine, layout):
    before = layout.database.read_bytes()

    list(doctor(machine).rack(layout))

    assert layout.database.read_bytes() == before
    with sqlite3.connect(layout.database) as state:
        assert state.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_pruning_says_what_it_freed(machine):
    assert doctor(machine).prune() == 7
