"""Steps: what is said, and how a failure ends."""

from __future__ import annotations

import pytest

from script.support import steps


def test_a_failing_command_stops_with_its_exit_and_shows_what_it_said(capsys) -> None:
    with pytest.raises(steps.StopError, match=r"sh -c .* failed with exit 7"):
        steps.run(["sh", "-c", "echo the reason; exit 7"], quiet=True)

    assert capsys.readouterr().err == "the reason\n"


def test_a_quiet_command_that_works_says_nothing(capsys) -> None:
    steps.run(["echo", "noise"], quiet=True)

    assert capsys.readouterr().err == ""


def test_a_missing_command_is_named() -> None:
    with pytest.raises(steps.StopError, match="no-such-command-here: no such command"):
        steps.run(["no-such-command-here"])

    assert steps.answer(["no-such-command-here"])[0] == 127


def test_a_command_that_hangs_is_given_up() -> None:
    assert steps.answer(["sleep", "5"], timeout_s=0.05)[0] == 124


def test_a_stop_is_one_line_and_exit_1(capsys) -> None:
    def body(_args: list[str]) -> int:
        raise steps.StopError("port 80 is busy")

    with pytest.raises(SystemExit) as end:
        steps.main(body)

    assert end.value.code == 1
    assert capsys.readouterr().err == "ERROR: port 80 is busy\n"


def test_a_step_is_announced_before_it_starts(capsys) -> None:
    with steps.step("Working"):
        assert capsys.readouterr().err == "==> Working\n"
