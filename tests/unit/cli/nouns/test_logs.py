from __future__ import annotations

from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import convox, stream


def test_colours_are_taken_out_of_a_pipe() -> None:
    answers = {"SOCKET /apps/a/logs": stream(b"x \x1b[3", b"1mred\x1b[0m\n")}

    assert convox("logs", "-a", "a", answers=answers).out == "x red\n"


def test_a_log_that_breaks_off_is_an_error() -> None:
    ran = convox("logs", "-a", "a", answers={"SOCKET /apps/a/logs": stream(b"x\n", end=False)})

    assert (ran.code, ran.out) == (1, "x\n")
    assert "lost connection" in ran.err


def test_an_unknown_app_is_said() -> None:
    ran = convox(
        "logs", "-a", "a", answers={"SOCKET /apps/a/logs": Answer(404, b"app not found: a\n")}
    )

    assert (ran.code, ran.err) == (1, "ERROR: app not found: a\n")


def test_a_wrong_duration_is_refused_before_anything_is_asked() -> None:
    ran = convox("rack", "logs", "--since", "yesterday")

    assert ran.code == 1
    assert 'invalid duration "yesterday"' in ran.err
    assert ran.asked == []
