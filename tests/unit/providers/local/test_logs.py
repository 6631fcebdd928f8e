import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from convox.api.types import LogsOptions
from convox.providers.local.containers import Container, ContainerSpec
from convox.providers.local.layout import LABEL_SERVICE, Layout
from convox.providers.local.logs import Logs
from tests.fakes.engine import FakeEngine
from tests.fakes.log_engine import LogEngine, MovingClock, key

WINDOW = LogsOptions(follow=False, prefix=True, since=timedelta(days=30))


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "rack", "dev")


@pytest.fixture
def streams(tmp_path: Path) -> Iterator[LogEngine]:
    made = LogEngine(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def logs(layout: Layout, clock: MovingClock, streams: LogEngine) -> Iterator[Logs]:
    engine = FakeEngine()
    engine.socket_path = streams.socket_path
    made = Logs(engine, layout, clock, retention_days=lambda app: 30 if app == "kept" else 3)
    made.start()
    yield made
    made.stop()


def text(logs: Logs, app: str = "web", **given: object) -> bytes:
    seen: list[bytes | None] = []
    logs.feed(app, WINDOW, **given).attach(seen.append)  # type: ignore[arg-type]
    assert seen.pop() is None
    return b"".join(chunk for chunk in seen if chunk)


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.01)


def container(layout: Layout, id: str, app: str = "web") -> Container:
    labels = {**layout.labels("service", app), LABEL_SERVICE: "front"}
    return Container(id=id, name=id, image="sha256:0", labels=labels, status="running")


def test_the_rack_writes_lines_into_an_apps_log(logs: Logs) -> None:
    logs.system("web", "promoting RABC\nstarting front")

    assert text(logs) == (
        b"2026-01-02T03:04:05Z system/local/web promoting RABC\n"
        b"2026-01-02T03:04:05Z system/local/web starting front\n"
    )


def test_the_racks_own_log_bears_its_name_and_is_no_apps(logs: Logs) -> None:
    logs.system("", "rack started")
    seen: list[bytes | None] = []

    logs.rack_feed(WINDOW).attach(seen.append)

    assert seen == [b"2026-01-02T03:04:05Z system/local/dev rack started\n", None]
    assert text(logs) == b""


def test_a_containers_output_comes_with_service_and_process(
    logs: Logs, layout: Layout, streams: LogEngine
) -> None:
    id = "0123456789abcdef"
    streams.write(id, key(5), b"hello")
    streams.exit(id)

    logs.collect(container(layout, id))

    assert logs.settle(id)
    assert text(logs) == b"2026-01-02T03:04:00Z service/front/0123456789ab hello\n"
    assert text(logs, pid="0123456789ab") == text(logs)
    assert text(logs, pid="ffffffffffff") == b""


def test_two_hundred_followers_cost_no_thread_and_all_hear(logs: Logs) -> None:
    before = threading.active_count()
    seen: list[list[bytes | None]] = [[] for _ in range(200)]
    for chunks in seen:
        logs.feed("web", LogsOptions()).attach(chunks.append)

    started = time.monotonic()
    logs.system("web", "hello")

    assert time.monotonic() - started < 0.5
    assert all(chunks == [b"hello\n"] for chunks in seen)
    assert threading.active_count() == before


def test_the_last_lines_of_a_container_come_from_the_engine(
    layout: Layout, clock: MovingClock
) -> None:
    engine = FakeEngine()
    engine.add_image("web:1")
    id = engine.create(ContainerSpec(name="w", image="web:1", labels={}))
    engine.start(id)
    for number in range(10):
        engine.write(id, f"\x1b[31mline {number}\x1b[0m")
    engine.finish(id, 1)
    logs = Logs(engine, layout, clock)

    assert logs.tail(id, 2) == ["line 8", "line 9"]
    logs.stop()


def test_a_container_that_is_gone_has_no_last_lines(layout: Layout, clock: MovingClock) -> None:
    logs = Logs(FakeEngine(), layout, clock)
    engine = FakeEngine()
    engine.add_image("web:1")

    with pytest.raises(KeyError):
        engine.inside["0123456789ab"]
    assert logs.tail("0123456789ab", 5) == []
    logs.stop()


def test_a_build_is_followed_while_it_runs_and_replayed_afterwards(logs: Logs) -> None:
    build = logs.build("BABC")
    assert logs.build("BABC") is build
    seen: list[bytes | None] = []
    logs.build_feed("BABC", LogsOptions()).attach(seen.append)

    build.write(b"Step 1\n")
    build.close()

    again: list[bytes | None] = []
    logs.build_feed("BABC", LogsOptions()).attach(again.append)
    assert seen == again == [b"Step 1\n", None]


def test_a_forgotten_build_leaves_nothing(logs: Logs, layout: Layout) -> None:
    logs.build("BABC").write(b"x")
    seen: list[bytes | None] = []
    logs.build_feed("BABC", LogsOptions()).attach(seen.append)

    logs.forget_build("BABC")
    logs.forget_build("BABC")

    assert seen == [b"x", None]
    assert not list(layout.build_logs.iterdir())


def test_a_forgotten_app_leaves_nothing_and_its_name_can_be_used_again(
    logs: Logs, layout: Layout
) -> None:
    logs.system("web", "old")
    seen: list[bytes | None] = []
    logs.feed("web", LogsOptions()).attach(seen.append)

    logs.forget("web")
    logs.system("web", "new")

    assert seen == [b"old\n", None]
    assert text(logs).endswith(b"new\n")
    assert b"old" not in text(logs)


def test_logs_survive_a_restart_of_the_rack(
    layout: Layout, clock: MovingClock, streams: LogEngine
) -> None:
    engine = FakeEngine()
    engine.socket_path = streams.socket_path
    first = Logs(engine, layout, clock)
    first.start()
    first.system("web", "before")
    first.stop()

    second = Logs(engine, layout, clock)

    assert b"before" in text(second)
    second.stop()


def test_each_app_is_kept_for_its_own_days(
    layout: Layout, clock: MovingClock, streams: LogEngine
) -> None:
    engine = FakeEngine()
    engine.socket_path = streams.socket_path
    first = Logs(engine, layout, clock)
    for word in ("old", "older than three days", "young"):
        first.system("gone", word)
        first.system("kept", word)
        clock.move(days=2)
    first.stop()

    second = Logs(engine, layout, clock, retention_days=lambda a: 30 if a == "kept" else 3)
    second.start()
    eventually(lambda: text_since(second, "gone") == b"young\n")

    assert text_since(second, "kept") == b"old\nolder than three days\nyoung\n"
    second.stop()


def text_since(logs: Logs, app: str) -> bytes:
    seen: list[bytes | None] = []
    logs.feed(app, LogsOptions(follow=False, since=timedelta(days=4000))).attach(seen.append)
    return b"".join(chunk for chunk in seen if chunk)


def test_a_full_disk_does_not_stop_the_work_that_a_line_tells_about(
    logs: Logs, layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    layout.logs.mkdir(parents=True)
    (layout.logs / "web").write_text("in the way")

    logs.system("web", "promoting")

    assert "cannot store a log" in caplog.text
