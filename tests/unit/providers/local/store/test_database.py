"""The connection, its transactions and its migrations."""

import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import FailedError
from convox.providers.local.store.database import Database, from_text, to_text

PUT = "INSERT INTO settings (name, value, created_at) VALUES (:name, 'v', 'now')"
NAMES = "SELECT name FROM settings ORDER BY name"


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "rack.db")
    yield database
    database.close()


def names(database):
    return [row["name"] for row in database.rows(NAMES, {})]


def test_only_the_owner_may_read_it_and_what_lies_beside_it(tmp_path, database):
    database.write(PUT, {"name": "a"})

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert "rack.db-wal" in modes
    assert set(modes.values()) == {0o600}


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path, database):
    database.write(PUT, {"name": "a"})
    database.close()

    again = Database(tmp_path / "rack.db")
    assert names(again) == ["a"]
    again.close()


def test_what_was_written_is_on_disk_before_it_is_closed(tmp_path, database):
    database.write(PUT, {"name": "a"})

    with sqlite3.connect(tmp_path / "rack.db") as other:
        assert other.execute("SELECT name FROM settings").fetchall() == [("a",)]
    other.close()


def test_opening_again_runs_no_migration_twice(tmp_path, database):
    before = database.row("PRAGMA user_version", {})[0]
    database.close()
    again = Database(tmp_path / "rack.db")

    assert again.row("PRAGMA user_version", {})[0] == before >= 1
    again.close()


def test_a_transaction_that_fails_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.transaction():
        database.write(PUT, {"name": "a"})
        assert 1 / 0

    assert names(database) == []
    database.write(PUT, {"name": "b"})
    assert names(database) == ["b"]


def test_an_inner_transaction_is_part_of_the_outer_one(database):
    with pytest.raises(ZeroDivisionError), database.transaction():
        with database.transaction():
            database.write(PUT, {"name": "a"})
        assert 1 / 0

    assert names(database) == []


def test_other_threads_wait_for_the_end_of_a_transaction(database):
    seen = []
    reader = threading.Thread(target=lambda: seen.append(names(database)))
    with database.transaction():
        database.write(PUT, {"name": "a"})
        reader.start()
        reader.join(0.05)
        assert seen == []
        database.write(PUT, {"name": "b"})
    reader.join()

    assert seen == [["a", "b"]]


def test_many_threads_lose_no_write(database):
    def put(number: int) -> None:
        for each in range(20):
            database.write(PUT, {"name": f"{number}-{each}"})

    threads = [threading.Thread(target=put, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(names(database)) == 100


def test_a_write_tells_how_many_rows_it_changed(database):
    assert database.write(PUT, {"name": "a"}) == 1
    assert database.write("DELETE FROM settings WHERE name = :name", {"name": "b"}) == 0


def test_a_row_that_is_not_there_is_none(database):
    assert database.row(NAMES, {}) is None


def test_values_are_values_and_never_statements(database):
    database.write(PUT, {"name": "a'); DROP TABLE settings; --"})

    assert names(database) == ["a'); DROP TABLE settings; --"]


def test_a_build_of_no_app_is_refused(database):
    with pytest.raises(sqlite3.IntegrityError):
        database.write(
            "INSERT INTO builds (id, app, created_at, status) VALUES ('B', 'none', 'now', 'x')", {}
        )


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_moments_read_back_and_sort_as_text(one, two):
    assert from_text(to_text(one)) == one.astimezone(UTC)
    # Texts sort as moments do within the years that have four digits in UTC.
    if all(2 <= moment.year <= 9998 for moment in (one, two)):
        assert (to_text(one) < to_text(two)) == (one.astimezone(UTC) < two.astimezone(UTC))


def test_a_moment_of_another_zone_is_written_in_utc():
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))

    assert to_text(moment) == "2026-01-01T00:00:00.000000+00:00"


def test_no_moment_is_none():
    assert (to_text(None), from_text(None), from_text("")) == (None, None, None)


def test_a_full_disk_is_said_and_leaves_no_transaction_open(database):
    pages = database.row("PRAGMA page_count", {})[0]
    database.rows(f"PRAGMA max_page_count={pages}", {})

    with pytest.raises(FailedError, match="the rack's disk is full"), database.transaction():
        for number in range(1000):
            database.write(PUT, {"name": f"{number:>100}"})
    database.rows("PRAGMA max_page_count=100000", {})
    with database.transaction():
        database.write(PUT, {"name": "after"})

    assert names(database) == ["after"]


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "other.db"
    path.write_bytes(b"not a database" * 1000)

    with pytest.raises(FailedError, match="cannot read the rack's state") as caught:
        Database(path)

    assert str(path) in caught.value.what
    assert caught.value.why == "file is not a database"
    assert path.read_bytes() == b"not a database" * 1000
