from convox.providers.local.log_cursors import Cursor, Cursors, Recent
from convox.providers.local.log_text import stored
from tests.fakes.log_engine import key


def line(number: int, pid: str = "0123456789ab", kind: str = "service/web") -> bytes:
    return stored(key(number).encode(), f"{kind}/{pid}".encode(), b"x")


def test_a_cursor_asks_from_its_earliest_remembered_moment() -> None:
    cursor = Cursor()
    for number in (1, 3, 2):
        cursor.note(key(number).encode())

    assert cursor.since == key(1).encode()
    assert cursor.seen() == {key(n).encode(): 1 for n in (1, 2, 3)}


def test_a_cursor_remembers_only_the_last_moments() -> None:
    cursor = Cursor()
    for number in range(100):
        cursor.note(key(number).encode())

    assert cursor.since == key(84).encode()


def test_pieces_of_one_line_count_as_many() -> None:
    cursor = Cursor()
    for _ in range(64):
        cursor.note(key(7).encode())

    assert cursor.seen() == {key(7).encode(): 64}


def test_a_new_cursor_asks_for_everything() -> None:
    assert Cursor().since == b""
    assert not Cursor().seen()


def test_cursors_survive_in_the_note_and_the_lines_after_it() -> None:
    cursors = Cursors()
    cursors.note(line(1))
    cursors.note(line(2, pid="ba9876543210"))
    again = Cursors()

    again.restore([b"# " + cursors.encode() + b"\n", line(3), line(4)])

    assert again.of("0123456789ab").seen() == {key(n).encode(): 1 for n in (1, 3, 4)}
    assert again.of("ba9876543210").since == key(2).encode()


def test_a_broken_note_is_as_none() -> None:
    cursors = Cursors()

    cursors.restore([b"# {broken\n", line(3)])

    assert cursors.of("0123456789ab").since == key(3).encode()


def test_only_lines_of_containers_count() -> None:
    cursors = Cursors()

    cursors.note(line(1, kind="system/local", pid="app"))

    assert cursors.encode() == b"{}"


def test_a_dropped_process_is_forgotten() -> None:
    cursors = Cursors()
    cursors.note(line(1))

    cursors.drop("0123456789ab")

    assert cursors.encode() == b"{}"


def test_a_line_handed_out_twice_is_recognised() -> None:
    recent = Recent(b"")

    assert not recent.repeats(key(1).encode(), 0, b"a")
    assert not recent.repeats(key(2).encode(), 0, b"b")
    assert recent.repeats(key(1).encode(), 0, b"a")


def test_equal_pieces_of_a_long_line_are_no_repetition() -> None:
    recent = Recent(b"")

    assert not recent.repeats(key(1).encode(), 0, b"aaa")
    assert not recent.repeats(key(1).encode(), 1, b"aaa")
    assert recent.repeats(key(1).encode(), 1, b"aaa")


def test_what_is_older_than_everything_remembered_is_a_repetition() -> None:
    recent = Recent(b"")
    for number in range(3000):
        assert not recent.repeats(key(number).encode(), 0, b"x")

    assert recent.repeats(key(5).encode(), 0, b"x")
    assert not recent.repeats(key(3000).encode(), 0, b"x")


def test_a_line_slightly_out_of_order_is_kept() -> None:
    recent = Recent(b"")
    recent.repeats(key(5).encode(), 0, b"late")

    assert not recent.repeats(key(4).encode(), 0, b"early")
