from pathlib import Path

import pytest

from convox.providers.local.log_builds import BuildLog, FinishedBuildLog, read_range
from convox.providers.local.log_feed import Feed, Selection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "builds" / "BABC.log"


def follow(source: BuildLog | FinishedBuildLog, *, is_following: bool = True) -> list[bytes | None]:
    seen: list[bytes | None] = []
    Feed(source, Selection(), is_following=is_following).attach(seen.append)
    return seen


def joined(seen: list[bytes | None]) -> bytes:
    return b"".join(chunk for chunk in seen if chunk is not None)


def test_two_streams_of_a_running_build_are_the_same_bytes(path: Path) -> None:
    build = BuildLog(path)
    build.write(b"Step 1\n\xff\x00half")
    first = follow(build)
    build.write(b" a line\r\n")
    second = follow(build)
    build.write(b"end\n")
    build.close()

    assert joined(first) == joined(second) == b"Step 1\n\xff\x00half a line\r\nend\n"
    assert first[-1] is second[-1] is None
    assert path.read_bytes() == joined(first)


def test_a_stream_stays_open_until_the_build_ends(path: Path) -> None:
    build = BuildLog(path)
    seen = follow(build)

    build.write(b"x")
    assert seen == [b"x"]

    build.close()
    build.close()
    assert seen == [b"x", None]


def test_a_finished_build_is_replayed_and_ended(path: Path) -> None:
    build = BuildLog(path)
    build.write(b"all of it" * 20_000)
    build.close()

    seen = follow(FinishedBuildLog(path))

    assert joined(seen) == b"all of it" * 20_000
    assert seen[-1] is None
    assert len(seen) > 2


def test_a_build_without_a_log_is_empty(path: Path) -> None:
    assert follow(FinishedBuildLog(path)) == [None]
    assert list(read_range(path, 0, 10)) == []


def test_what_the_client_would_change_is_altered_before_it_is_kept(path: Path) -> None:
    build = BuildLog(path)
    seen = follow(build)

    for piece in (b"\x1b[3", b"1mred\x1b[0", b"m <ok>yes</", b"ok> \x1b"):
        build.write(piece)
    build.close()

    assert joined(seen) == b"red <ok>yes</ok > \x1b"


def test_a_log_opened_again_goes_on_at_its_end(path: Path) -> None:
    first = BuildLog(path)
    first.write(b"before\n")
    first.close()

    second = BuildLog(path)
    second.write(b"the rack was restarted\n")
    seen = follow(second)
    second.close()

    assert joined(seen) == b"before\nthe rack was restarted\n"


def test_a_closed_log_takes_nothing_more(path: Path) -> None:
    build = BuildLog(path)
    build.close()

    build.write(b"late")

    assert path.read_bytes() == b""


def test_a_window_of_a_running_build_ends(path: Path) -> None:
    build = BuildLog(path)
    build.write(b"so far\n")

    assert follow(build, is_following=False) == [b"so far\n", None]
    build.close()
