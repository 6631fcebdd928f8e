from __future__ import annotations

import pytest

from convox.cli.nouns.shells import command_line
from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import MARKER, OK, convox, stream


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ls -la | wc"], "ls -la | wc"),
        (["ls", "-la"], "ls -la"),
        (["ls", "a b"], "ls 'a b'"),
        (["sh", "-c", "echo hi && ls"], "sh -c 'echo hi && ls'"),
        (["echo", "$HOME"], "echo '$HOME'"),
    ],
)
def test_several_words_reach_the_shell_as_they_are(words: list[str], line: str) -> None:
    assert command_line(words) == line


def test_the_exit_code_is_the_commands() -> None:
    answers = {"SOCKET /apps/a/processes/p1/exec": stream(b"out", f"{MARKER}:42\n".encode())}

    ran = convox("exec", "p1", "false", "-a", "a", answers=answers)

    assert (ran.code, ran.out) == (42, "out")


def test_input_reaches_the_command_whole() -> None:
    data = bytes(range(256)) * 500
    answer = Answer(frames=(("text", f"{MARKER}:0\n".encode()), ("binary", b"")), after_end=True)

    ran = convox(
        "exec",
        "p1",
        "cat",
        "-a",
        "a",
        answers={"SOCKET /apps/a/processes/p1/exec": answer},
        stdin=data,
    )

    assert ran.code == 0
    assert ran.asked[0].frames == [("text", data), ("binary", b"")]


def test_colours_of_a_command_are_left_alone() -> None:
    answers = {"SOCKET /apps/a/processes/p1/exec": stream(b"\x1b[31mred", f"{MARKER}:0\n".encode())}

    assert convox("exec", "p1", "x", "-a", "a", answers=answers).out == "\x1b[31mred"


def test_a_lost_connection_is_no_success() -> None:
    answers = {"SOCKET /apps/a/processes/p1/exec": stream(b"half", end=False)}

    ran = convox("exec", "p1", "x", "-a", "a", answers=answers)

    assert (ran.code, ran.out) == (1, "half")
    assert "lost connection" in ran.err


def test_a_process_that_is_not_there_is_exit_1() -> None:
    answers = {"SOCKET /apps/a/processes/p1/exec": stream(b"ERROR: process not found: p1\n")}

    ran = convox("exec", "p1", "x", "-a", "a", answers=answers)

    assert (ran.code, ran.out) == (1, "ERROR: process not found: p1\n")


RUN = {
    "POST /apps/a/services/web/processes": {"id": "p1"},
    "GET /apps/a/processes/p1": [{"status": "pending"}, {"status": "running"}],
    "SOCKET /apps/a/processes/p1/exec": stream(f"{MARKER}:3\n".encode()),
    "DELETE /apps/a/processes/p1": OK,
}


def test_a_run_waits_for_its_process_and_stops_it() -> None:
    ran = convox("run", "web", "x", "-a", "a", "-t", "60", answers=RUN)

    assert ran.code == 3
    assert ran.asked[1].headers["command"] == "sleep 60"
    assert ran.requests[-1] == "DELETE /apps/a/processes/p1"
    assert ran.asked[-2].headers["entrypoint"] == "true"


@pytest.mark.parametrize("timeout", ["0", "-5"])
def test_a_timeout_that_is_none_is_an_hour(timeout: str) -> None:
    ran = convox("run", "web", "x", "-a", "a", f"--timeout={timeout}", answers=RUN)

    assert ran.asked[1].headers["command"] == "sleep 3600"


def test_a_process_is_stopped_even_when_the_command_is_lost() -> None:
    answers = {**RUN, "SOCKET /apps/a/processes/p1/exec": stream(b"x", end=False)}

    ran = convox("run", "web", "x", "-a", "a", answers=answers)

    assert ran.code == 1
    assert ran.requests[-1] == "DELETE /apps/a/processes/p1"


def test_a_shell_on_an_instance_needs_no_command() -> None:
    answers = {"SOCKET /instances/i-1/shell": stream(f"{MARKER}:0\n".encode())}

    ran = convox("instances", "ssh", "i-1", answers=answers)

    assert ran.code == 0
    assert "command" not in ran.asked[-1].headers
