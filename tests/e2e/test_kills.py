"""SIGKILL of the rack at random moments of deploys: nothing accepted is lost, nothing is left."""

import pytest

from bench import recovery
from bench.harness import BenchRack

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("e2e")]


def test_ten_kills_lose_nothing_and_leave_nothing(e2e_rack: BenchRack):
    e2e_rack.convox("apps", "create", "hello")
    e2e_rack.convox("deploy", "examples/hello", "-a", "hello", "--wait")

    figures = recovery.measure(e2e_rack, kills=10)

    assert [f"{f.name}: {f.note}" for f in figures if f.verdict == "missed"] == []
