from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from convox.providers.local.containers import Container, Mount
from convox.providers.local.desired import CAPABILITIES, DesiredService
from convox.providers.local.layout import Layout
from convox.providers.local.oneoff import MAX_LIFE_S, OneOff, is_due, is_late, life_s, oneoff_spec

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LAYOUT = Layout(Path("/rack"), "dev")


def service(**given: object) -> DesiredService:
    values = {
        "name": "web",
        "release": "RABC",
        "build": "BABC",
        "image": "convox/dev/app:web.BABC",
        "command": ("serve",),
        "env": {"A": "1", "B": "2"},
        "memory_mib": 256,
        "cpu_units": 128,
        "mounts": (Mount("vol", "/data"),),
        **given,
    }
    return DesiredService(**values)  # type: ignore[arg-type]


def spec(wish: OneOff, **given: object):
    return oneoff_spec(LAYOUT, "app", service(**given), wish, suffix="run-x", now=NOW)


def container(status: str, *, age_s: float = 0, deadline: str = "") -> Container:
    at = NOW - timedelta(seconds=age_s)
    return Container(
        id="0123456789abcdef", name="n", image="i", labels={"convox.deadline": deadline},
        status=status, created=at, finished=at,
    )  # fmt: skip


def test_a_one_off_has_what_its_service_has() -> None:
    made = spec(OneOff("rake db:migrate"))

    assert made.name == "convox.dev.app.web.run-x"
    assert made.image == "convox/dev/app:web.BABC"
    assert made.command == ("sh", "-c", "rake db:migrate")
    assert made.entrypoint is None
    assert made.env == {"A": "1", "B": "2"}
    assert (made.memory_mib, made.cpu_units) == (256, 128)
    assert (made.network, made.mounts) == ("convox.dev.app", (Mount("vol", "/data"),))
    assert (made.cap_drop, made.cap_add) == (("ALL",), CAPABILITIES)


def test_labels_say_whose_it_is_and_until_when_it_may_live() -> None:
    labels = spec(OneOff("sleep 100")).labels

    assert labels["convox.kind"] == "oneoff"
    assert labels["convox.app"] == "app"
    assert labels["convox.service"] == "web"
    assert labels["convox.release"] == "RABC"
    assert labels["convox.deadline"] == str(int(NOW.timestamp()) + 160)
    assert "convox.spec" not in labels


def test_what_is_asked_wins_over_the_service() -> None:
    made = spec(OneOff("env", {"B": "3", "C": "4"}, 1024))

    assert made.env == {"A": "1", "B": "3", "C": "4"}
    assert made.memory_mib == 1024


def test_without_a_command_the_services_own_runs() -> None:
    assert spec(OneOff()).command == ("serve",)


def test_what_only_waits_for_an_exec_does_not_pass_through_the_entrypoint() -> None:
    assert spec(OneOff("sleep 3600")).entrypoint == ()


def test_a_privileged_service_keeps_its_capabilities() -> None:
    made = spec(OneOff("x"), privileged=True)

    assert (made.privileged, made.cap_drop, made.cap_add) == (True, (), ())


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("sleep 3600", 3660),
        ("sleep 0", 60),
        ("sleep 1; echo", MAX_LIFE_S),
        ("sleep 99999999", MAX_LIFE_S),
        ("nosleep 5", MAX_LIFE_S),
        ("", MAX_LIFE_S),
    ],
)
def test_a_life_is_what_sleep_says_and_a_minute_else_a_day(command: str, seconds: int) -> None:
    assert life_s(command) == seconds


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (container("running", deadline=str(int(NOW.timestamp()))), True),
        (container("running", deadline=str(int(NOW.timestamp()) + 1)), False),
        (container("running"), False),
        (container("running", deadline="soon"), False),
        (container("exited", age_s=59), False),
        (container("exited", age_s=60), True),
        (container("dead", age_s=60), True),
        (container("created", age_s=299), False),
        (container("created", age_s=300), True),
    ],
)
def test_what_is_over_is_due(given: Container, due: bool) -> None:
    assert is_due(given, NOW) is due


def test_only_a_deadline_makes_it_late() -> None:
    assert not is_late(container("exited", age_s=1000), NOW)
    assert is_late(container("running", deadline="5"), NOW)
