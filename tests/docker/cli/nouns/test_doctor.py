"""The doctor on a rack that is well, and on one that is not."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from bench.harness import rack, wait_for
from tests.e2e.harness import Cli, Done

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("doctor")]


def findings(done: Done) -> dict[str, str]:
    return {each["check"]: each["status"] for each in json.loads(done.out)}


def test_a_rack_that_is_well_is_said_to_be_and_one_that_is_stopped_is_mended(
    tmp_path: Path,
) -> None:
    with rack(f"doc{os.getpid() % 10000}") as made:
        cli = Cli(made, tmp_path)
        cli.ok("apps", "create", "empty", "--wait")

        well = cli("doctor", "--json")
        assert well.exit == 0, well
        assert "problem" not in findings(well).values()
        assert findings(well)["app empty"] == "warning"
        assert "Disk " in cli.ok("rack")

        os.kill(made.pid, signal.SIGKILL)
        wait_for(lambda: findings(cli("doctor", "--json"))["process"] == "problem", 20)
        ill = cli("doctor")
        assert ill.exit == 1
        assert f"process: convox rack start local {made.name}" in ill.out

        cli.ok("rack", "start", "local", made.name)
        assert cli("doctor").exit == 0
