from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from convox.providers.local.containers import Container
from convox.providers.local.layout import Layout
from convox.providers.local.process_view import process_of, status_of

AT = datetime(2026, 1, 2, tzinfo=UTC)
LAYOUT = Layout(Path("/rack"), "dev")
SERVICE = Container(
    id="0123456789abcdef",
    name="convox.dev.app.web.1",
    image="sha256:1",
    labels={
        "convox.kind": "service",
        "convox.app": "app",
        "convox.service": "web",
        "convox.release": "RABC",
        "convox.build": "BABC",
    },
    status="running",
    created=AT,
    started=AT.replace(hour=1),
    command="sh -c exec serve",
)


def test_a_container_is_a_process() -> None:
    process = process_of(LAYOUT, SERVICE, instance="local-dev")

    assert (process.id, process.app, process.name) == ("0123456789ab", "app", "web")
    assert (process.release, process.status) == ("RABC", "running")
    assert process.command == "exec serve"
    assert process.image == "convox/dev/app:web.BABC"
    assert process.instance == "local-dev"
    assert process.started == AT.replace(hour=1)


def test_a_process_that_never_started_counts_from_its_making() -> None:
    created = replace(SERVICE, status="created", started=None)

    process = process_of(LAYOUT, created, instance="")

    assert (process.status, process.started) == ("pending", AT)


def test_what_the_reconciler_knows_better_wins() -> None:
    assert process_of(LAYOUT, SERVICE, instance="", word="crashing").status == "crashing"


def test_a_container_without_a_build_shows_its_image() -> None:
    bare = replace(SERVICE, labels={"convox.kind": "service"})

    assert process_of(LAYOUT, bare, instance="").image == "sha256:1"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"health": "starting"}, "pending"),
        ({"health": "unhealthy"}, "unhealthy"),
        ({"health": "healthy"}, "running"),
        ({"status": "paused"}, "paused"),
        ({"status": "restarting"}, "pending"),
        ({"status": "removing"}, "stopping"),
        ({"status": "exited"}, "stopped"),
        ({"status": "exited", "exit_code": 3}, "exited 3"),
        ({"status": "exited", "exit_code": 137, "oom_killed": True}, "exited 137 (out of memory)"),
        ({"status": "dead", "exit_code": 1}, "exited 1"),
    ],
)
def test_a_status_is_a_word(changes: dict[str, object], word: str) -> None:
    assert status_of(replace(SERVICE, **changes)) == word  # type: ignore[arg-type]


def test_a_one_off_runs_whatever_its_image_says_of_health() -> None:
    oneoff = replace(SERVICE, labels={"convox.kind": "oneoff"}, health="starting")

    assert status_of(oneoff) == "running"
