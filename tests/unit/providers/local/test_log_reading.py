import struct
from dataclasses import replace
from datetime import UTC, datetime

from convox.providers.local.log_cursors import Cursor
from convox.providers.local.log_reading import Phase, Reading, Subject
from tests.fakes.log_engine import key

SUBJECT = Subject("0123456789abcdef", "app", "service/web/0123456789ab")
OK = b"HTTP/1.0 200 OK\r\n\r\n"


def frame(number: int, text: str) -> bytes:
    data = f"{key(number)} {text}\n".encode()
    return struct.pack(">BxxxL", 1, len(data)) + data


def state(status: str) -> bytes:
    return OK + b'{"State": {"Status": "%s"}}' % status.encode()


def reading(cursor: Cursor | None = None, floor: bytes = key(0).encode()) -> Reading:
    return Reading(SUBJECT, cursor or Cursor(), floor)


def ask(reading: Reading, answer: bytes) -> list[bytes]:
    """One whole exchange."""
    reading.request()
    return reading.feed(answer) + reading.ended()


def test_the_life_of_a_container_is_followed_checked_and_drained() -> None:
    one = reading()
    phases = [one.phase]
    lines = []

    for answer in (
        OK + frame(1, "a"),
        state("running"),
        OK,
        state("exited"),
        OK + frame(1, "a") + frame(2, "b"),
    ):
        lines += ask(one, answer)
        phases.append(one.phase)

    assert phases == [
        Phase.FOLLOW, Phase.CHECK, Phase.FOLLOW, Phase.CHECK, Phase.DRAIN, Phase.DONE,
    ]  # fmt: skip
    assert [line.split(b" ")[-1] for line in lines] == [b"a\n", b"b\n"]
    assert one.is_over


def test_a_removed_container_is_gone() -> None:
    one = reading()

    assert ask(one, b"HTTP/1.0 404 Not Found\r\n\r\n{}") == []
    assert one.phase is Phase.GONE


def test_reading_goes_on_from_the_cursor_and_skips_what_was_stored() -> None:
    cursor = Cursor([(key(1).encode(), 1), (key(2).encode(), 2)])
    one = reading(cursor)

    request = one.request().decode()
    answer = OK + b"".join(
        frame(n, t) for n, t in ((1, "a"), (2, "b"), (2, "c"), (2, "d"), (3, "e"))
    )
    lines = one.feed(answer)

    assert "since=1767323040.001000000" in request
    assert "follow=1" in request
    assert [line.split(b" ")[-1] for line in lines] == [b"d\n", b"e\n"]


def test_nothing_older_than_the_log_is_kept_is_read() -> None:
    one = reading(floor=key(5).encode())

    assert b"since=1767323040.005000000" in one.request()
    assert len(one.feed(OK + frame(4, "old") + frame(5, "new"))) == 1


def test_lines_repeated_by_the_engine_are_stored_once() -> None:
    one = reading()
    one.request()

    lines = one.feed(OK + frame(1, "a") + frame(2, "b") + frame(1, "a") + frame(2, "b"))

    assert len(lines) == 2


def test_an_engine_that_fails_is_asked_again_ever_more_slowly() -> None:
    one = reading()
    pauses = []
    for _ in range(7):
        one.failed()
        pauses.append(one.pause_s)

    assert pauses == [0.1, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0]
    assert one.phase is Phase.CHECK


def test_an_answer_that_breaks_off_is_a_failure() -> None:
    one = reading()
    one.request()

    one.feed(b"HTTP/1.0 2")
    one.ended()

    assert (one.phase, one.pause_s) == (Phase.CHECK, 0.1)


def test_a_container_not_yet_started_is_asked_again() -> None:
    one = reading()
    ask(one, OK)

    ask(one, state("created"))

    assert (one.phase, one.pause_s) == (Phase.FOLLOW, 0.1)


def test_a_container_started_again_is_read_again() -> None:
    one = reading()
    for answer in (OK, state("exited"), OK):
        ask(one, answer)

    assert not one.is_new_to(SUBJECT)
    later = replace(SUBJECT, started=datetime(2026, 1, 2, tzinfo=UTC))
    assert one.is_new_to(later)
    one.again(later)

    assert one.phase is Phase.CHECK
    assert one.is_new_to(later)


def test_lines_that_were_not_stored_come_again() -> None:
    one = reading()
    first = ask(one, OK + frame(1, "a"))

    one.lost()
    ask(one, state("exited"))
    second = ask(one, OK + frame(1, "a"))

    assert first == second != []


def test_a_container_with_a_terminal_is_read_raw() -> None:
    one = Reading(Subject("0123456789abcdef", "a", "service/web/0", tty=True), Cursor(), b"")
    one = Reading(one.subject, Cursor(), key(0).encode())
    one.request()

    lines = one.feed(OK + f"{key(1)} hello\r\n{key(2)} rest".encode())

    assert [line.split(b" ")[-1] for line in lines] == [b"hello\n"]
