from collections.abc import Iterator
from threading import RLock

import pytest

from convox.core.stream import Sink
from convox.providers.local.log_feed import Broadcast, Feed, Selection, rendered
from convox.providers.local.log_text import stored
from tests.fakes.log_engine import key


def line(number: int, text: str = "hello", pid: str = "0123456789ab") -> bytes:
    return stored(key(number).encode(), f"service/web/{pid}".encode(), text.encode())


class ListLog:
    """A log in a list; `during` runs in the middle of each replay."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.broadcast = Broadcast()
        self.lines: list[bytes] = []
        self.over = False
        self.during: list[bytes] = []

    def begin(self) -> int:
        return 0

    def end(self) -> int:
        return len(self.lines)

    def replay(self, start: int, end: int, selection: Selection) -> Iterator[bytes]:
        for old in self.lines[start:end]:
            yield selection.render([old])
            if self.during:
                self.append(self.during.pop())

    def is_over(self, _: Selection) -> bool:
        return self.over

    def append(self, new: bytes) -> None:
        with self.lock:
            self.lines.append(new)
            self.broadcast.publish([new])


@pytest.fixture
def source() -> ListLog:
    return ListLog()


def sink_of(seen: list[bytes | None]) -> Sink:
    return seen.append


def test_a_follower_gets_history_then_what_is_new(source: ListLog) -> None:
    seen: list[bytes | None] = []
    source.append(line(1, "old"))

    Feed(source, Selection(), is_following=True).attach(sink_of(seen))
    source.append(line(2, "new"))

    assert seen == [b"old\n", b"new\n"]


def test_lines_that_come_during_the_replay_come_once(source: ListLog) -> None:
    seen: list[bytes | None] = []
    source.append(line(1, "old"))
    source.during = [line(n, f"during {n}") for n in (4, 3, 2)]

    Feed(source, Selection(), is_following=True).attach(sink_of(seen))
    source.append(line(10, "new"))

    assert seen == [b"old\n", *(b"during %d\n" % n for n in range(2, 5)), b"new\n"]


def test_a_feed_that_does_not_follow_ends_after_its_window(source: ListLog) -> None:
    seen: list[bytes | None] = []
    source.append(line(1, "old"))
    source.during = [line(2, "too late")]

    Feed(source, Selection(), is_following=False).attach(sink_of(seen))()
    source.append(line(3, "new"))

    assert seen == [b"old\n", None]


def test_a_log_that_is_over_is_replayed_and_ended(source: ListLog) -> None:
    seen: list[bytes | None] = []
    source.append(line(1, "old"))
    source.over = True

    Feed(source, Selection(), is_following=True).attach(sink_of(seen))

    assert seen == [b"old\n", None]


def test_a_detached_follower_hears_nothing_more(source: ListLog) -> None:
    seen: list[bytes | None] = []
    detach = Feed(source, Selection(), is_following=True).attach(sink_of(seen))

    detach()
    detach()
    source.append(line(1))
    source.broadcast.end()

    assert seen == []


def test_a_follower_that_fails_is_dropped_and_the_others_go_on(
    source: ListLog, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[bytes | None] = []

    def broken(_: bytes | None) -> None:
        raise RuntimeError("event loop is closed")

    Feed(source, Selection(), is_following=True).attach(broken)
    Feed(source, Selection(), is_following=True).attach(sink_of(seen))
    source.append(line(1, "one"))
    source.append(line(2, "two"))

    assert seen == [b"one\n", b"two\n"]
    assert caplog.text.count("a log follower failed") == 1


def test_what_many_ask_for_alike_is_rendered_once(source: ListLog) -> None:
    seen: list[bytes | None] = []
    for _ in range(200):
        Feed(source, Selection(prefix=True), is_following=True).attach(sink_of(seen))

    source.append(line(1, "x"))

    assert len(seen) == 200
    assert len({id(chunk) for chunk in seen}) == 1


def test_ending_tells_each_follower_once(source: ListLog) -> None:
    seen: list[bytes | None] = []
    Feed(source, Selection(), is_following=True).attach(sink_of(seen))

    source.broadcast.end()
    source.broadcast.end()

    assert seen == [None]


def test_ending_a_process_leaves_the_followers_of_the_app(source: ListLog) -> None:
    of_app: list[bytes | None] = []
    of_process: list[bytes | None] = []
    Feed(source, Selection(), is_following=True).attach(sink_of(of_app))
    Feed(source, Selection(pid="0123456789ab"), is_following=True).attach(sink_of(of_process))

    source.broadcast.end("0123456789ab")

    assert (of_app, of_process) == ([], [None])


@pytest.mark.parametrize(
    ("selection", "text"),
    [
        (Selection(), b"hello\nbye\n"),
        (Selection(needle=b"ell"), b"hello\n"),
        (Selection(needle=b"0123456789ab"), b""),
        (Selection(pid="ba9876543210"), b"bye\n"),
        (Selection(pid="ba9876543210", needle=b"hello"), b""),
        (
            Selection(prefix=True, needle=b"y"),
            b"2026-01-02T03:04:00Z service/web/ba9876543210 bye\n",
        ),
    ],
)
def test_a_selection_renders_the_lines_it_wants(selection: Selection, text: bytes) -> None:
    lines = [line(1, "hello"), line(2, "bye", pid="ba9876543210")]

    assert selection.render(lines) == text


def test_history_comes_in_chunks_and_none_is_empty() -> None:
    block = [line(n % 1000, "yes" if n >= 1000 else "no") for n in range(2000)]

    chunks = list(rendered(iter([block, []]), Selection(needle=b"yes")))

    assert b"".join(chunks) == b"yes\n" * 1000
    assert 1 < len(chunks) <= 3
