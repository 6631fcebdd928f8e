"""Socket framing as transcripts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from convox.api import frames
from convox.api.frames import END, Ending, EndScanner, Frame


def test_data_is_text_and_the_end_is_an_empty_binary():
    assert frames.text(b"\xff\x00") == Frame(b"\xff\x00", binary=False)
    assert Frame(b"", binary=True) == END


def test_any_binary_frame_ends_its_direction():
    assert frames.payload(Frame(b"ignored", binary=True)) is None
    assert frames.payload(frames.text(b"")) == b""


def test_the_exit_status_is_exactly_its_marker_and_number():
    assert frames.exit_status(-1).data == b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:-1\n"


def test_an_error_is_one_line():
    assert frames.error("no such app: x").data == b"ERROR: no such app: x\n"


def test_a_session_ends_with_its_exit_status():
    scanner = EndScanner()

    assert scanner.feed(b"hello\n") == b"hello\n"
    assert scanner.feed(frames.exit_status(3).data) == b""
    assert scanner.finish() == Ending(status=3)


def test_output_in_front_of_the_trailer_is_kept():
    scanner = EndScanner()

    assert scanner.feed(b"bye" + frames.exit_status(0).data) == b"bye"
    assert scanner.finish() == Ending(status=0)


def test_a_trailer_that_more_output_follows_was_output():
    scanner = EndScanner()
    fake = frames.exit_status(0).data

    assert scanner.feed(fake) == b""
    assert scanner.feed(b"more") == fake + b"more"
    assert scanner.finish() == Ending()


def test_a_session_without_a_trailer_has_no_status():
    scanner = EndScanner()
    scanner.feed(frames.EXIT_MARKER + b"12x\n")

    assert scanner.finish() == Ending()


def test_an_error_at_the_end_is_not_output():
    scanner = EndScanner()

    assert scanner.feed(b"ERROR: not the last\n") == b""
    assert scanner.feed(b"x") == b"ERROR: not the last\nx"
    assert scanner.feed(frames.error("app not found: web").data) == b""
    assert scanner.finish() == Ending(error="app not found: web")


@given(st.lists(st.binary(max_size=40)), st.integers(-255, 255))
def test_all_output_comes_through_whatever_its_bytes(chunks, code):
    scanner = EndScanner()

    output = b"".join(scanner.feed(c) for c in chunks) + scanner.feed(frames.exit_status(code).data)

    assert output == b"".join(chunks)
    assert scanner.finish() == Ending(status=code)
