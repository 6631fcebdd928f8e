from __future__ import annotations

import time
from threading import Thread, Timer

import pytest

from convox.core.errors import ConflictError
from tests.docker.providers.local.containers import yard

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def made(engine_label):
    with yard(engine_label) as made:
        yield made


@pytest.fixture(scope="module")
def idle(made):
    return made.run("sleep", "600")


def output(session):
    data = b"".join(iter(session.read, b""))
    code = session.exit_code()
    session.close()
    return data, code


def sh(made, id, script, **options):
    return made.engine.exec_start(id, ["sh", "-c", script], **options)


def test_output_of_both_streams_and_the_exit_code_come_back(made, idle):
    data, code = output(sh(made, idle, "echo out; sleep 0.05; echo err >&2; exit 7"))

    assert (data, code) == (b"out\nerr\n", 7)


def test_input_ends_and_output_goes_on(made, idle):
    session = made.engine.exec_start(idle, ["sh", "-c", "cat; echo after"], stdin=True)

    session.write(b"hello\n")
    session.end_input()

    assert output(session) == (b"hello\nafter\n", 0)


def test_without_input_the_command_reads_nothing(made, idle):
    assert output(made.engine.exec_start(idle, ["cat"])) == (b"", 0)


def test_a_terminal_is_one_of_the_size_asked_for(made, idle):
    session = sh(made, idle, "sleep 0.1; stty size; tty", tty=True, stdin=True, size=(33, 99))

    data, code = output(session)

    assert (data.split(), code) == ([b"33", b"99", b"/dev/pts/0"], 0)


def test_a_terminal_can_be_resized_while_it_runs(made, idle):
    session = sh(made, idle, "read x; stty size", tty=True, stdin=True, size=(10, 10))

    session.resize(44, 55)
    session.write(b"go\n")

    assert output(session)[0].split()[-2:] == [b"44", b"55"]


def test_control_c_on_a_terminal_is_an_interrupt(made, idle):
    session = sh(made, idle, "echo up; sleep 600", tty=True, stdin=True)
    assert session.read() == b"up\r\n"

    session.write(b"\x03")

    assert output(session)[1] == 130


def test_the_end_of_input_of_a_terminal_does_not_lose_output(made, idle):
    session = sh(made, idle, "sleep 0.2; echo done", tty=True, stdin=True)

    session.end_input()

    assert output(session) == (b"done\r\n", 0)


def test_closing_wakes_a_reader_and_the_code_is_not_waited_for(made, idle):
    session = made.engine.exec_start(idle, ["sleep", "30"], stdin=True)
    Timer(0.1, session.close).start()
    began = time.monotonic()

    assert session.read() == b""
    assert session.exit_code() == -1
    assert time.monotonic() - began < 1


def test_more_environment_can_be_given(made, idle):
    assert output(sh(made, idle, "echo $A", env={"A": "b=c"})) == (b"b=c\n", 0)


def test_a_program_that_is_missing_is_code_126_or_127(made, idle):
    data, code = output(made.engine.exec_start(idle, ["/nowhere"]))

    assert code in (126, 127)
    assert b"/nowhere" in data


def test_a_container_that_does_not_run_refuses(made):
    id = made.create("true")

    with pytest.raises(ConflictError, match=f"cannot run ls in {id[:12]}"):
        made.engine.exec_start(id, ["ls"])


def test_much_goes_both_ways_without_loss(made, idle):
    session = made.engine.exec_start(idle, ["cat"], stdin=True)
    sent = bytes(range(256)) * 4096 * 4

    def send():
        for start in range(0, len(sent), 50_000):
            session.write(sent[start : start + 50_000])
        session.end_input()

    Thread(target=send).start()

    assert output(session) == (sent, 0)


def test_attaching_reads_and_writes_the_first_process(made):
    id = made.create("sh", "-c", "sleep 0.3; echo hello; exit 3")
    session = made.engine.attach(id)

    made.engine.start(id)

    assert output(session) == (b"hello\n", 3)
