from __future__ import annotations

import json

from tests.unit.cli.driver import convox

ZERO = "0001-01-01T00:00:00Z"
RUN = {
    "id": 7,
    "app": "a",
    "timer": "tick",
    "due": "2020-01-01T10:00:00Z",
    "started": "2020-01-01T10:00:01Z",
    "ended": "2020-01-01T10:00:46Z",
    "exit-code": 3,
    "manual": False,
    "process": "abc123",
    "reason": "",
    "release": "RONE",
    "status": "failed",
}
RUNNING = {**RUN, "status": "running", "ended": ZERO, "exit-code": None}
TICK = {"name": "tick", "service": "web", "schedule": "* * * * *", "next": ZERO, "last": RUN}
TOCK = {"name": "tock", "service": "web", "schedule": "0 3 * * ?", "next": ZERO, "last": None}


def test_timers_are_listed_with_how_the_last_run_went() -> None:
    ran = convox("timers", "-a", "a", answers={"GET /apps/a/timers": [[TICK, TOCK]]})

    lines = ran.out.splitlines()
    assert lines[0].split() == ["TIMER", "SERVICE", "SCHEDULE", "NEXT", "LAST"]
    assert "tick" in lines[1]
    assert "failed (3)" in lines[1]
    assert lines[1].endswith("years ago")
    assert lines[2].split()[-1] == "?"


def test_why_the_last_run_did_not_happen_is_said_beside_the_list() -> None:
    missed = {**RUN, "status": "missed", "exit-code": None, "reason": "3 runs were missed"}

    ran = convox("timers", "-a", "a", answers={"GET /apps/a/timers": [[{**TICK, "last": missed}]]})

    assert "missed" in ran.out
    assert "tick: 3 runs were missed" in ran.err


def test_timers_as_json_are_what_the_rack_says() -> None:
    ran = convox("timers", "-a", "a", "--json", answers={"GET /apps/a/timers": [[TICK]]})

    assert json.loads(ran.out) == [TICK]


def test_runs_are_listed_with_their_time_and_reason() -> None:
    skipped = {**RUNNING, "id": 8, "status": "skipped", "reason": "run 7 had not ended"}
    answers = {"GET /apps/a/timers/tick/runs?limit=2": [[skipped, RUN]]}

    ran = convox("timers", "runs", "tick", "-a", "a", "--limit", "2", answers=answers)

    lines = ran.out.splitlines()
    assert lines[1].split()[:2] == ["8", "skipped"]
    assert lines[1].endswith("run 7 had not ended")
    assert "45s" in lines[2]


def test_a_run_by_hand_names_its_process() -> None:
    ran = convox(
        "timers", "run", "tick", "-a", "a", answers={"POST /apps/a/timers/tick/run": RUNNING}
    )

    assert ran.code == 0
    assert ran.out == "Running tick... OK, abc123\n"


def test_waiting_for_a_run_answers_its_exit_status() -> None:
    answers = {
        "POST /apps/a/timers/tick/run": RUNNING,
        "GET /apps/a/timers/tick/runs?limit=50": [[RUNNING], [RUN]],
    }

    ran = convox("timers", "run", "tick", "-a", "a", "--wait", answers=answers)

    assert ran.code == 3
    assert ran.out.splitlines()[-1] == "tick: failed (3)"


def test_a_run_that_could_not_start_fails_with_the_cause() -> None:
    broken = {**RUN, "exit-code": None, "reason": "it could not be started: no such program"}

    ran = convox(
        "timers", "run", "tick", "-a", "a", answers={"POST /apps/a/timers/tick/run": broken}
    )

    assert ran.code == 1
    assert "no such program" in ran.err
