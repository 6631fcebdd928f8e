"""Containers judged as processes: state, exits in a row, backoff."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from convox.providers.local.containers import Container
from convox.providers.local.observed import (
    Exits,
    State,
    Verdict,
    backoff_s,
    exits_of,
    process_of,
)
from tests.fakes.core_world import service

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = Container(
    id="c" * 64,
    name="n",
    image="sha256:1",
    labels={
        "convox.service": "web",
        "convox.release": "R1",
        "convox.spec": "s",
        "convox.drain": "7",
        "convox.grace": "9",
        "convox.signal": "SIGQUIT",
    },
    status="running",
    started=NOW - timedelta(seconds=1),
    addresses={"net": "10.0.0.1"},
)
EXITED = replace(RUNNING, status="exited", finished=NOW, exit_code=3)
WEB, JOB = service("R1"), service("R1", "job", port=0)
UP = Verdict(probed=True, up=True)


def state(container: Container, desired=WEB, verdict=UP, now=NOW) -> State:
    return process_of(container, "net", desired, verdict, now).state


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict(), State.STARTING),
        (Verdict(probed=True), State.STARTING),
        (UP, State.UP),
        (Verdict(probed=True, failing=True), State.FAILING),
    ],
)
def test_the_prober_decides_for_a_service_with_a_port(verdict, expected):
    assert state(RUNNING, verdict=verdict) is expected


def test_a_service_without_port_is_up_after_two_seconds():
    assert state(RUNNING, JOB, Verdict()) is State.STARTING
    assert state(RUNNING, JOB, Verdict(), NOW + timedelta(seconds=1)) is State.UP


@pytest.mark.parametrize(
    ("health", "expected"),
    [("starting", State.STARTING), ("healthy", State.UP), ("unhealthy", State.FAILING)],
)
def test_a_healthcheck_decides_for_a_service_without_port(health, expected):
    later = NOW + timedelta(hours=1)

    assert state(replace(RUNNING, health=health), JOB, Verdict(), later) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("created", State.CREATED), ("exited", State.EXITED), ("dead", State.EXITED)],
)
def test_what_does_not_run_is_not_up(status, expected):
    assert state(replace(RUNNING, status=status)) is expected


def test_a_process_outside_the_network_is_lost():
    assert state(replace(RUNNING, addresses={})) is State.LOST


def test_labels_say_how_a_process_leaves():
    process = process_of(RUNNING, "net", None, UP, NOW)

    assert (process.service, process.release, process.spec) == ("web", "R1", "s")
    assert (process.drain_s, process.grace_s, process.signal) == (7, 9, "SIGQUIT")


def test_a_container_with_odd_labels_leaves_by_the_defaults():
    odd = replace(RUNNING, labels={"convox.drain": "soon", "convox.grace": "-1"})
    process = process_of(odd, "net", None, UP, NOW)

    assert (process.drain_s, process.grace_s, process.signal) == (0, 30, "SIGTERM")


def test_an_exit_counts_once_however_often_it_is_seen():
    once = exits_of(EXITED, Exits())

    assert once == Exits(1, NOW, 3)
    assert exits_of(EXITED, once) == once


def test_exits_add_up_until_one_has_lived_for_a_minute():
    again = replace(EXITED, started=NOW, finished=NOW + timedelta(seconds=5))
    late = replace(EXITED, started=NOW, finished=NOW + timedelta(seconds=60))
    once = exits_of(EXITED, Exits())

    assert exits_of(again, once).count == 2
    assert exits_of(late, Exits(5, NOW)).count == 1


def test_a_process_that_runs_keeps_its_exits():
    known = Exits(2, NOW, 3)

    assert exits_of(RUNNING, known) is known


def test_backoff_doubles_to_a_minute():
    assert [backoff_s(n) for n in (1, 2, 3, 9, 10, 1000)] == [0.2, 0.4, 0.8, 51.2, 60.0, 60.0]


def test_an_exited_process_may_start_after_its_backoff():
    process = replace(process_of(EXITED, "net", WEB, UP, NOW), exits=2)

    assert process.retry_at == NOW + timedelta(seconds=0.4)
    assert replace(process, exits=0).retry_at is None
