from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convox.providers.local.log_text import (
    Cleaner,
    clean,
    key_of,
    key_of_ns,
    message_of,
    nanoseconds,
    stored,
    stream_of,
    with_prefix,
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"plain", b"plain"),
        (b"\x1b[31mred\x1b[0m", b"red"),
        (b"\x1b[1;38;5;200mx", b"x"),
        (b"\x1b[2Kup\x1b[1A", b"up"),
        (b"\x1b\x1b[m[mleft", b"[mleft"),
        (b"cut \x1b[", b"cut "),
        (b"\x1b]0;title\x07", b"\x1b]0;title\x07"),
        (b"<ok>fine</ok>", b"<ok>fine</ok >"),
        (b"<h1>Hello</h1><p>x</p>", b"<h1>Hello</h1 ><p>x</p>"),
        (b"<color12>a</color12>", b"<color12>a</color12 >"),
        (b"</okay> </OK>", b"</okay> </OK>"),
        (b"\xff\x00\xfe", b"\xff\x00\xfe"),
    ],
)
def test_clean_removes_only_what_the_client_would_change(given: bytes, kept: bytes) -> None:
    assert clean(given) == kept


_PIECES = st.sampled_from(
    [
        b"\x1b",
        b"[",
        b"31m",
        b"m",
        b"<",
        b"/",
        b"</ok",
        b">",
        b"ok",
        b"a",
        b"\n",
        b"\xff",
        b";",
        b" ",
    ]
)


@given(st.lists(_PIECES, max_size=12).map(b"".join))
def test_clean_leaves_nothing_for_a_second_pass(data: bytes) -> None:
    assert clean(clean(data)) == clean(data)
    assert b"\x1b[" not in clean(data)


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=14))
@example([b"</ok", b"\x1b", b"[", b"m", b">"])
def test_a_stream_is_cleaned_alike_however_it_is_cut(pieces: list[bytes]) -> None:
    cleaner = Cleaner()

    cleaned = b"".join([cleaner.feed(piece) for piece in pieces] + [cleaner.flush()])

    assert cleaned == clean(b"".join(pieces))


def test_a_line_waits_for_no_more_than_a_beginning_of_a_sequence() -> None:
    cleaner = Cleaner()

    assert cleaner.feed(b"Step 1/2 : FROM a") == b"Step 1/2 : FROM a"
    assert cleaner.feed(b" \x1b[3") == b" "
    assert cleaner.feed(b"1mred") == b"red"


def test_a_key_keeps_the_moment_and_sorts_as_time() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

    assert key_of(moment) == b"2026-01-02T03:04:05.678901000Z"
    assert nanoseconds(key_of(moment)) == 1767323045678901000
    assert key_of_ns(1767323045678901000) == key_of(moment)


def test_a_stored_line_gives_back_its_parts() -> None:
    line = stored(b"2026-01-02T03:04:05.123456789Z", b"service/web/0123456789ab", b"a b\nc")

    assert line == b"2026-01-02T03:04:05.123456789Z service/web/0123456789ab a b c\n"
    assert with_prefix(line) == b"2026-01-02T03:04:05Z service/web/0123456789ab a b c\n"
    assert message_of(line) == b"a b c\n"
    assert stream_of(line) == b"service/web/0123456789ab"


def test_an_empty_message_is_an_empty_line() -> None:
    line = stored(b"2026-01-02T03:04:05.123456789Z", b"system/local/a", b"")

    assert message_of(line) == b"\n"
    assert with_prefix(line) == b"2026-01-02T03:04:05Z system/local/a \n"
