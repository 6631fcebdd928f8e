from datetime import timedelta
from pathlib import Path

import pytest

from convox.api.types import LogsOptions
from convox.providers.local.log_app import AppLog
from convox.providers.local.log_files import Segments
from convox.providers.local.log_text import key_of, stored
from tests.fakes.log_engine import MovingClock

PID = "0123456789ab"


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def app(tmp_path: Path, clock: MovingClock) -> AppLog:
    return AppLog(Segments(tmp_path / "app", clock), clock)


def say(app: AppLog, clock: MovingClock, *texts: str, pid: str = PID) -> None:
    stream = f"service/web/{pid}".encode()
    app.append([stored(key_of(clock.now()), stream, text.encode()) for text in texts])


def seen_by(app: AppLog, *, pid: str = "", **options: object) -> list[bytes | None]:
    seen: list[bytes | None] = []
    feed = app.feed(LogsOptions(**options), pid, lambda: False)  # type: ignore[arg-type]
    feed.attach(seen.append)
    return seen


def test_two_minutes_are_shown_when_nothing_is_asked(app: AppLog, clock: MovingClock) -> None:
    say(app, clock, "old")
    clock.move(minutes=3)
    say(app, clock, "young")

    assert seen_by(app) == [b"young\n"]
    assert seen_by(app, since=timedelta(minutes=10)) == [b"old\nyoung\n"]
    assert seen_by(app, since=timedelta(0), follow=False) == [b"young\n", None]


def test_lines_are_stored_in_order_of_time(app: AppLog, clock: MovingClock) -> None:
    late = stored(b"2026-01-02T03:04:05.000000002Z", b"service/a/0123456789ab", b"late")
    early = stored(b"2026-01-02T03:04:05.000000001Z", b"service/b/0123456789ab", b"early")

    app.append([late, early])

    assert seen_by(app, follow=False) == [b"early\nlate\n", None]


def test_a_filter_is_a_part_of_the_message(app: AppLog, clock: MovingClock) -> None:
    say(app, clock, "good", "bad", "goodbye")

    assert seen_by(app, filter="good", follow=False) == [b"good\ngoodbye\n", None]


def test_how_far_a_process_was_read_survives_a_restart(
    tmp_path: Path, app: AppLog, clock: MovingClock
) -> None:
    say(app, clock, "one")
    clock.move(seconds=1)
    say(app, clock, "two", "three")
    app.close()

    again = AppLog(Segments(tmp_path / "app", clock), clock)

    assert again.cursor(PID).pairs() == app.cursor(PID).pairs()
    assert again.cursor(PID).seen()[key_of(clock.now())] == 2


def test_what_the_disk_did_not_take_is_neither_counted_nor_sent(
    tmp_path: Path, app: AppLog, clock: MovingClock
) -> None:
    seen = seen_by(app)
    (tmp_path / "app").write_text("in the way")

    with pytest.raises(OSError, match="app"):
        say(app, clock, "lost")

    assert seen == []
    assert app.cursor(PID).since == b""


def test_a_removed_log_ends_its_followers_and_stays_removed(
    tmp_path: Path, app: AppLog, clock: MovingClock
) -> None:
    say(app, clock, "one")
    seen = seen_by(app)

    app.remove()
    say(app, clock, "after")

    assert seen == [b"one\n", None]
    assert not (tmp_path / "app").exists()


def test_followers_of_a_process_end_with_it(app: AppLog, clock: MovingClock) -> None:
    of_process = seen_by(app, pid=PID)
    of_app = seen_by(app)
    say(app, clock, "last")

    app.finish(PID)

    assert of_process == [b"last\n", None]
    assert of_app == [b"last\n"]


def test_the_log_of_an_ended_process_is_replayed_and_ended(app: AppLog, clock: MovingClock) -> None:
    say(app, clock, "mine")
    say(app, clock, "other", pid="ba9876543210")
    seen: list[bytes | None] = []

    app.feed(LogsOptions(), PID, lambda: True).attach(seen.append)

    assert seen == [b"mine\n", None]
