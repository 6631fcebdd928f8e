import threading
import time
from queue import Queue

import pytest

from convox.providers.local.shell import carry
from tests.fakes.process_stream import ClientStream


class Session:
    """A command played by the test: `say` is its output, None its end."""

    def __init__(self) -> None:
        self.output: Queue[bytes] = Queue()
        self.events: list[str] = []
        self.input = b""
        self.reads_input = True
        self.closed = threading.Event()
        self.input_ended = threading.Event()

    def say(self, *texts: bytes) -> None:
        for text in texts:
            self.output.put(text)

    def read(self) -> bytes:
        while not self.closed.is_set():
            if not self.output.empty():
                return self.output.get()
            time.sleep(0.005)
        return b""

    def write(self, data: bytes) -> None:
        if not self.reads_input:
            raise BrokenPipeError("no longer reads")
        self.input += data

    def end_input(self) -> None:
        self.events.append("end input")
        self.input_ended.set()

    def hang_up(self) -> None:
        self.events.append("hang up")

    def close(self) -> None:
        self.events.append("close")
        self.closed.set()

    def exit_code(self) -> int:
        return -1 if self.closed.is_set() else 5


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == "convox-exec-input":
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture
def session() -> Session:
    return Session()


def test_output_and_exit_code_reach_the_client(session: Session) -> None:
    stream = ClientStream()
    session.say(b"out", b"put", b"")

    code = carry(session, stream)
    stream.close()

    assert (code, stream.output) == (5, b"output")
    wait_for_threads()
    assert session.events == ["close"]


def test_input_that_ends_is_half_closed_and_the_output_goes_on(session: Session) -> None:
    stream = ClientStream(b"in", b"put", finished=True)

    def answer() -> None:
        session.input_ended.wait(5)
        session.say(b"after", b"")

    threading.Thread(target=answer).start()
    code = carry(session, stream)
    stream.close()

    assert (code, stream.output, session.input) == (5, b"after", b"input")
    wait_for_threads()
    assert session.events == ["end input", "close"]


def test_a_client_that_leaves_hangs_up(session: Session) -> None:
    stream = ClientStream(b"x")
    threading.Timer(0.05, stream.leave).start()

    code = carry(session, stream)

    wait_for_threads()
    assert code == -1
    assert session.events[:2] == ["hang up", "close"]


def test_a_client_that_leaves_while_it_is_written_to_hangs_up(session: Session) -> None:
    stream = ClientStream()
    stream.leave()
    session.say(b"x")

    code = carry(session, stream)

    wait_for_threads()
    assert code == -1
    assert "hang up" in session.events


def test_a_command_that_no_longer_reads_is_heard_to_its_end(session: Session) -> None:
    session.reads_input = False
    stream = ClientStream(b"much", b"more", finished=True)
    threading.Timer(0.05, session.say, [b"last", b""]).start()

    code = carry(session, stream)
    stream.close()

    wait_for_threads()
    assert (code, stream.output) == (5, b"last")
    assert "hang up" not in session.events
