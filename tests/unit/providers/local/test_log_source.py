import struct

import pytest

from convox.providers.local.log_source import Answer, Entry, Frames, Raw
from tests.fakes.log_engine import key

FIRST = key(1).encode()


def frame(text: bytes, kind: int = 1) -> bytes:
    return struct.pack(">BxxxL", kind, len(text)) + text


def test_an_answer_gives_its_status_and_body_however_it_is_cut() -> None:
    data = b"HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\nbody bytes"
    for cut in range(len(data)):
        answer = Answer()

        body = answer.feed(data[:cut]) + answer.feed(data[cut:])

        assert (answer.status, body) == (200, b"body bytes")


def test_an_answer_that_is_no_http_is_a_failure() -> None:
    answer = Answer()

    answer.feed(b"rubbish\r\n\r\n")

    assert answer.status == 502


def test_frames_give_whole_entries_however_they_are_cut() -> None:
    data = frame(FIRST + b" out\n") + frame(FIRST + b" \xff\x00err\n", kind=2)
    for cut in range(len(data)):
        frames = Frames()

        entries = frames.feed(data[:cut]) + frames.feed(data[cut:])

        assert entries == [Entry(FIRST, b"out"), Entry(FIRST, b"\xff\x00err")]


def test_pieces_of_a_long_line_are_numbered_for_each_pipe() -> None:
    frames = Frames()
    pieces = [(b"a", 1), (b"b", 1), (b"e\n", 2), (b"c\n", 1), (b"d\n", 1)]

    entries = [e for text, kind in pieces for e in frames.feed(frame(FIRST + b" " + text, kind))]

    assert [(e.message, e.part) for e in entries] == [
        (b"a", 0), (b"b", 1), (b"e", 0), (b"c", 2), (b"d", 0),
    ]  # fmt: skip


def test_the_last_piece_of_a_long_line_may_lack_its_newline() -> None:
    frames = Frames()
    second = key(2).encode()

    entries = frames.feed(frame(FIRST + b" a") + frame(FIRST + b" b") + frame(second + b" c\n"))

    assert [(e.key, e.message, e.part) for e in entries] == [
        (FIRST, b"a", 0), (FIRST, b"b", 1), (second, b"c", 0),
    ]  # fmt: skip


def test_a_frame_without_a_timestamp_is_no_line() -> None:
    assert Frames().feed(frame(b"no stamp\n")) == []


def test_a_frame_of_an_absurd_length_is_refused() -> None:
    with pytest.raises(ValueError, match="4294967295"):
        Frames().feed(b"\x01\0\0\0\xff\xff\xff\xff")


def test_a_cut_frame_is_nothing_at_the_end() -> None:
    frames = Frames()
    frames.feed(frame(FIRST + b" whole line\n")[:-3])

    assert frames.finish() == []


def test_a_terminal_gives_lines_without_carriage_returns() -> None:
    data = FIRST + b" one\r\n" + FIRST + b" two\r\n"
    for cut in range(len(data)):
        raw = Raw()

        entries = raw.feed(data[:cut]) + raw.feed(data[cut:])

        assert entries == [Entry(FIRST, b"one"), Entry(FIRST, b"two")]


def test_a_long_line_of_a_terminal_comes_in_pieces() -> None:
    raw = Raw()
    data = FIRST + b" " + b"x" * 16384 + FIRST + b" " + b"y" * 10 + b"\r\n"

    entries = raw.feed(data)

    assert [(len(e.message), e.part) for e in entries] == [(16384, 0), (10, 1)]


def test_the_last_line_of_a_terminal_may_lack_its_newline() -> None:
    raw = Raw()
    raw.feed(FIRST + b" prompt> ")

    assert raw.finish() == [Entry(FIRST, b"prompt> ")]
    assert Raw().finish() == []
