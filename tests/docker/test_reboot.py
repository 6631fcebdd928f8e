"""Engine, router and rack end, each alone and all at once; apps answer again with no command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.docker.conftest import docker
from tests.docker.own_engine import run

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("reboot")]
SCRIPT = Path(__file__).parent / "reboots.py"
EVENTS = ("engine", "engine killed", "router", "rack is away", "rack by its unit", "all")
LIMIT_S = 10


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Seconds until the app answered, by what had ended."""
    if os.geteuid():
        pytest.skip("namespaces of its own need root")
    home = tmp_path_factory.mktemp("reboot")
    image = home / "image.tar"
    docker("save", "-o", str(image), "python:3.11-slim")
    done = run(home / "home", SCRIPT, str(home), str(image))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-6000:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["event"]: line["seconds"] for line in lines}


@pytest.mark.parametrize("event", EVENTS)
def test_apps_answer_again_within_ten_seconds(outcome: dict[str, float], event: str) -> None:
    assert outcome[event] < LIMIT_S
