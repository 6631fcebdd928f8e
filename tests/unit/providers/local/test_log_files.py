from collections.abc import Iterator
from pathlib import Path

import pytest

from convox.providers.local.log_files import Position, Segments
from convox.providers.local.log_text import key_of, nanoseconds, stored
from tests.fakes.log_engine import MovingClock


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def segments(tmp_path: Path, clock: MovingClock) -> Iterator[Segments]:
    made = Segments(tmp_path / "app", clock, segment_bytes=1000, total_bytes=5000)
    yield made
    made.close()


def note() -> bytes:
    return b"{}"


def line(clock: MovingClock, text: str) -> bytes:
    return stored(key_of(clock.now()), b"service/web/0123456789ab", text.encode())


def write(segments: Segments, clock: MovingClock, count: int, start: int = 0) -> list[bytes]:
    lines = []
    for number in range(start, start + count):
        clock.move(seconds=1)
        lines.append(line(clock, f"line {number}"))
        segments.append(lines[-1:], note)
    return lines


def read(segments: Segments, start: Position, since: bytes = b"") -> list[bytes]:
    return [line for block in segments.read(start, segments.end(), since) for line in block]


def test_what_is_appended_is_read_back(segments: Segments, clock: MovingClock) -> None:
    lines = write(segments, clock, 40)

    assert read(segments, segments.seek(0)) == lines


def test_segments_are_begun_when_one_is_full(
    segments: Segments, clock: MovingClock, tmp_path: Path
) -> None:
    write(segments, clock, 40)

    files = sorted((tmp_path / "app").iterdir())
    assert len(files) > 2
    assert all(file.stat().st_size <= 1000 for file in files)
    assert all(file.read_bytes().startswith(b"# {}\n") for file in files)


def test_the_log_is_capped_and_loses_its_oldest_lines(
    segments: Segments, clock: MovingClock, tmp_path: Path
) -> None:
    lines = write(segments, clock, 500)

    kept = read(segments, segments.seek(0))
    assert sum(file.stat().st_size for file in (tmp_path / "app").iterdir()) <= 5000
    assert kept == lines[-len(kept) :]
    assert len(kept) > 30


def test_a_window_begins_at_its_segment_and_not_at_the_first(
    segments: Segments, clock: MovingClock, tmp_path: Path
) -> None:
    lines = write(segments, clock, 40)
    since = lines[30][:30]
    place = segments.seek(nanoseconds(since))
    for file in sorted((tmp_path / "app").iterdir()):
        if int(file.stem) < place.segment:
            file.write_bytes(b"never read")

    assert read(segments, place, since) == lines[30:]
    assert place.segment > int(min(file.stem for file in (tmp_path / "app").iterdir()))


def test_lines_that_arrive_late_are_read_in_order_of_time(
    segments: Segments, clock: MovingClock
) -> None:
    early = line(clock, "early")
    clock.move(seconds=5)
    late = line(clock, "late")

    segments.append([late], note)
    segments.append([early], note)

    assert read(segments, segments.seek(0)) == [early, late]


def test_reading_between_two_places_gives_only_what_lies_between(
    segments: Segments, clock: MovingClock
) -> None:
    write(segments, clock, 20)
    place = segments.end()
    later = write(segments, clock, 20, start=20)

    assert read(segments, place) == later


def test_half_a_line_left_by_a_power_cut_is_dropped(
    tmp_path: Path, segments: Segments, clock: MovingClock
) -> None:
    lines = write(segments, clock, 3)
    segments.close()
    file = next((tmp_path / "app").iterdir())
    file.write_bytes(file.read_bytes() + b"2026-01-02T03:04")

    again = Segments(tmp_path / "app", clock)
    later = write(again, clock, 1)

    assert read(again, again.seek(0)) == [*lines, *later]
    again.close()


def test_a_place_noted_before_a_restart_is_behind_whole_lines_only(
    tmp_path: Path, segments: Segments, clock: MovingClock
) -> None:
    write(segments, clock, 3)
    end = segments.end()
    segments.close()
    file = next((tmp_path / "app").iterdir())
    file.write_bytes(file.read_bytes() + b"half")

    again = Segments(tmp_path / "app", clock)

    assert again.end() == end
    again.close()


def test_sweeping_removes_segments_that_are_too_old(
    segments: Segments, clock: MovingClock, tmp_path: Path
) -> None:
    write(segments, clock, 20)
    clock.move(days=8)
    young = write(segments, clock, 20, start=20)

    segments.sweep(nanoseconds(young[0][:30]))

    kept = read(segments, segments.seek(0), young[0][:30])
    assert kept == young
    assert len(read(segments, segments.seek(0))) < 40


def test_sweeping_an_idle_log_removes_its_last_segment_too(
    segments: Segments, clock: MovingClock, tmp_path: Path
) -> None:
    write(segments, clock, 2)

    segments.sweep(nanoseconds(key_of(clock.now())) + 1)

    assert not list((tmp_path / "app").iterdir())
    lines = write(segments, clock, 1)
    assert read(segments, segments.seek(0)) == lines


def test_a_segment_older_than_a_day_is_followed_by_a_new_one(
    segments: Segments, clock: MovingClock, tmp_path: Path
) -> None:
    write(segments, clock, 1)
    clock.move(hours=25)
    write(segments, clock, 1)

    assert len(list((tmp_path / "app").iterdir())) == 2


def test_a_log_without_files_is_empty(segments: Segments) -> None:
    assert segments.end() == Position(0, 0)
    assert read(segments, segments.seek(0)) == []
    assert list(segments.last_lines()) == []
    segments.remove()


def test_a_line_longer_than_a_segment_is_kept_whole(segments: Segments, clock: MovingClock) -> None:
    long = line(clock, "x" * 5000)

    segments.append([long], note)

    assert read(segments, segments.seek(0)) == [long]


def test_a_large_window_is_sorted_piece_by_piece(tmp_path: Path, clock: MovingClock) -> None:
    segments = Segments(tmp_path / "big", clock)
    lines = []
    for number in range(60_000):
        stamp = f"2026-01-02T03:04:{number // 1000:02d}.{number % 1000:03d}000000Z".encode()
        lines.append(stored(stamp, b"service/web/0123456789ab", b"x" * 40))
    swapped = [line for pair in zip(lines[1::2], lines[::2], strict=True) for line in pair]
    segments.append(swapped, note)

    blocks = list(segments.read(segments.seek(0), segments.end()))

    assert len(blocks) > 1
    assert [line for block in blocks for line in block] == lines
    segments.close()
