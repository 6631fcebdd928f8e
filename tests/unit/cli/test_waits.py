from __future__ import annotations

import pytest

from tests.fakes.clocks import FastClock
from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import OK, convox, stream

UPDATING = {"name": "a", "status": "updating", "release": "R1"}
OLD = {"name": "a", "status": "running", "release": "R1"}
NEW = {"name": "a", "status": "running", "release": "R2"}
PROMOTE = "POST /apps/a/releases/R2/promote"
LOGS = stream(
    b"2026-01-02T03:04:05Z service/web/1 not shown\n2026-01-02T03:04:06Z system/ra",
    b"ck/dev starting R2\nno prefix\n",
)
THEIRS = {"version": "20260418101514"}


def promote(*flags: str, **answers: object) -> object:
    return convox("releases", "promote", "R2", "-a", "a", *flags, answers=answers)


def test_a_promote_is_followed_at_our_racks_pace() -> None:
    clock = FastClock()
    answers = {
        "GET /apps/a": [OLD, UPDATING, UPDATING, NEW],
        PROMOTE: OK,
        "SOCKET /apps/a/logs": LOGS,
    }

    ran = convox("releases", "promote", "R2", "-a", "a", "--wait", answers=answers, clock=clock)

    assert ran.code == 0
    assert ran.out.startswith("Promoting R2... \n")
    assert ran.out.count("system/rack/dev starting R2") == 1
    assert "not shown" not in ran.out
    assert ran.out.endswith("OK\n")
    assert max(seconds for seconds in clock.waited if seconds not in (0.3, 1.0)) < 0.5


def test_a_promote_on_a_terminal_is_followed_without_being_told() -> None:
    answers = {"GET /apps/a": [OLD, UPDATING, NEW], PROMOTE: OK, "SOCKET /apps/a/logs": stream()}

    followed = convox("releases", "promote", "R2", "-a", "a", answers=answers, terminal=True)
    left = convox(
        "releases", "promote", "R2", "-a", "a", "--no-wait", answers=answers, terminal=True
    )

    assert followed.out == "Promoting R2... \nOK\n"
    assert left.out == "Promoting R2... OK\n"


def test_a_failed_promote_says_why_and_what_still_runs() -> None:
    failed = {**OLD, "reason": "web is not healthy: connection refused\nlast line of the container"}
    answers = {
        "GET /apps/a": [OLD, UPDATING, failed],
        "GET /apps/a/releases/R2": {"id": "R2"},
        PROMOTE: OK,
        "SOCKET /apps/a/logs": stream(),
    }

    ran = convox("releases", "promote", "R2", "-a", "a", "--wait", answers=answers)

    assert ran.code == 1
    assert ran.err == (
        "ERROR: promote of R2 failed: web is not healthy: connection refused\n"
        "last line of the container\na still runs R1\n"
    )


def test_the_releases_own_reason_is_asked_for_when_the_app_has_none() -> None:
    answers = {
        "GET /apps/a": [OLD, UPDATING, OLD],
        "GET /apps/a/releases/R2": {"id": "R2", "reason": "release R2 failed: no such image"},
        PROMOTE: OK,
        "SOCKET /apps/a/logs": stream(),
    }

    ran = convox("releases", "promote", "R2", "-a", "a", "--wait", answers=answers)

    assert "promote of R2 failed: no such image" in ran.err


def test_progress_begins_with_the_change_by_the_racks_own_clock() -> None:
    promoted = Answer(body=b"ok\n", headers=(("Date", "Fri, 02 Jan 2026 03:04:06 GMT"),))
    lines = stream(
        b"2026-01-02T03:04:05Z system/a of an earlier promote\n"
        b"2026-01-02T03:04:06Z system/a promoting R2\n"
    )
    answers = {"GET /apps/a": [OLD, NEW], PROMOTE: promoted, "SOCKET /apps/a/logs": lines}

    ran = convox("releases", "promote", "R2", "-a", "a", "--wait", answers=answers)

    assert ran.out == ("Promoting R2... \n2026-01-02T03:04:06Z system/a promoting R2\nOK\n")


def test_the_incumbents_racks_are_looked_at_twice_after_five_seconds() -> None:
    clock = FastClock()
    answers = {"GET /system": THEIRS, "GET /apps/a": OLD, "SOCKET /apps/a/logs": stream()}

    ran = convox("apps", "wait", "a", answers=answers, clock=clock)

    assert ran.code == 0
    assert clock.waited.count(5.0) == 2
    assert ran.requests.count("GET /apps/a") == 2


def test_one_error_in_a_wait_is_forgiven_and_two_are_not() -> None:
    busy = Answer(503, b"busy\n")
    logs = {"SOCKET /apps/a/logs": stream()}

    once = convox("apps", "wait", "a", answers={"GET /apps/a": [busy, OLD], **logs})
    twice = convox("apps", "wait", "a", answers={"GET /apps/a": [busy, busy, OLD], **logs})

    assert (once.code, once.err) == (0, "")
    assert (twice.code, twice.err) == (1, "ERROR: busy\n")


def test_a_rollback_ends_a_wait() -> None:
    answers = {
        "GET /apps/a": [UPDATING, {**OLD, "status": "rollback"}],
        "SOCKET /apps/a/logs": stream(),
    }

    ran = convox("apps", "wait", "a", answers=answers)

    assert (ran.code, ran.err) == (1, "ERROR: rollback\n")


def test_a_wait_ends_after_its_limit() -> None:
    answers = {"GET /apps/a": UPDATING, "SOCKET /apps/a/logs": stream()}

    class Leaping(FastClock):
        def wait(self, event: object, seconds: float) -> bool:
            return super().wait(event, seconds * 100)  # type: ignore[arg-type]

    ran = convox("apps", "wait", "a", answers=answers, clock=Leaping())

    assert ran.code == 1
    assert "timeout" in ran.err


@pytest.mark.parametrize("words", [("apps", "delete", "a"), ("rack", "resources", "delete", "a")])
def test_a_deletion_is_waited_for(words: tuple[str, ...]) -> None:
    path = "/apps/a" if words[0] == "apps" else "/resources/a"
    gone = Answer(404, b"app not found: a\n")
    answers = {f"DELETE {path}": OK, f"GET {path}": [UPDATING, gone]}

    ran = convox(*words, "--wait", answers=answers)

    assert (ran.code, ran.err) == (0, "")
    assert ran.requests[-1] == f"GET {path}"


def test_a_one_off_process_that_ends_at_once_is_said() -> None:
    answers = {
        "POST /apps/a/services/web/processes": {"id": "p1"},
        "GET /apps/a/processes/p1": {"status": "stopped"},
        "DELETE /apps/a/processes/p1": OK,
    }

    ran = convox("run", "web", "ls", "-a", "a", answers=answers)

    assert ran.code == 1
    assert "process p1 ended before its command could be started" in ran.err
    assert ran.requests[-1] == "DELETE /apps/a/processes/p1"
