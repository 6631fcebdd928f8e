import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from convox.core.clock import SystemClock
from convox.providers.local.log_app import AppLog
from convox.providers.local.log_collector import Collector
from convox.providers.local.log_files import Segments
from convox.providers.local.log_reading import Subject
from convox.providers.local.log_text import message_of
from tests.fakes.log_engine import LogEngine, MovingClock, key

FLOOR = key(0).encode()
WEB = Subject("aaaaaaaaaaaaaaaa", "app", "service/web/aaaaaaaaaaaa")
JOB = Subject("bbbbbbbbbbbbbbbb", "app", "service/job/bbbbbbbbbbbb")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LogEngine]:
    made = LogEngine(tmp_path)
    made.start()
    yield made
    made.stop()


class Rack:
    """One run of the rack over the same folder."""

    def __init__(self, engine: LogEngine, folder: Path) -> None:
        self.app = AppLog(Segments(folder / "logs", MovingClock()), MovingClock())
        self.swept = 0
        self.collector = Collector(
            engine.socket_path, SystemClock(), lambda _: self.app, self.sweep
        )
        self.collector.start()

    def sweep(self) -> None:
        self.swept += 1

    def messages(self) -> list[bytes]:
        blocks = self.app.read(self.app.seek(FLOOR), self.app.end(), b"")
        return [message_of(line)[:-1] for block in blocks for line in block]

    def stop(self) -> None:
        self.collector.stop()
        self.app.close()


@pytest.fixture
def start(engine: LogEngine, tmp_path: Path) -> Iterator[Callable[[], Rack]]:
    racks: list[Rack] = []

    def make() -> Rack:
        racks.append(Rack(engine, tmp_path))
        return racks[-1]

    yield make
    for rack in racks:
        if not rack.collector._stopping.is_set():
            rack.stop()


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.01)


def some_are_read(rack: Rack, written: int) -> None:
    eventually(lambda: len(rack.messages()) >= written - 30)


def test_several_containers_are_read_by_one_thread(
    engine: LogEngine, start: Callable[[], Rack]
) -> None:
    rack = start()
    engine.write(WEB.id, key(1), b"one")
    engine.write(JOB.id, key(2), b"two")

    rack.collector.collect(WEB, FLOOR)
    rack.collector.collect(JOB, FLOOR)
    eventually(lambda: len(rack.messages()) == 2)
    engine.write(WEB.id, key(3), b"three")

    eventually(lambda: rack.messages() == [b"one", b"two", b"three"])


def test_the_last_lines_of_a_container_are_stored_when_it_has_settled(
    engine: LogEngine, start: Callable[[], Rack]
) -> None:
    rack = start()
    for number in range(500):
        engine.write(WEB.id, key(number), b"line %d" % number)
    engine.exit(WEB.id)

    rack.collector.collect(WEB, FLOOR)

    assert not rack.collector.is_settled(WEB.pid)
    assert rack.collector.settle(WEB.pid, 5)
    assert rack.messages() == [b"line %d" % number for number in range(500)]


def test_a_rack_that_starts_again_goes_on_without_loss_or_repetition(
    engine: LogEngine, start: Callable[[], Rack]
) -> None:
    engine.write(WEB.id, key(0), b"line 0")
    written = 1
    for _ in range(4):
        rack = start()
        rack.collector.collect(WEB, FLOOR)
        for _ in range(50):
            engine.write(WEB.id, key(written // 2), b"line %d" % written)
            written += 1
        some_are_read(rack, written)
        rack.stop()

    rack = start()
    engine.exit(WEB.id)
    rack.collector.collect(WEB, FLOOR)
    assert rack.collector.settle(WEB.pid, 5)

    assert rack.messages() == [b"line %d" % number for number in range(written)]


def test_an_engine_that_comes_back_is_read_on(engine: LogEngine, start: Callable[[], Rack]) -> None:
    rack = start()
    engine.write(WEB.id, key(1), b"before")
    rack.collector.collect(WEB, FLOOR)
    eventually(lambda: rack.messages() == [b"before"])

    engine.stop()
    engine.write(WEB.id, key(2), b"while away")
    engine.start()

    eventually(lambda: rack.messages() == [b"before", b"while away"])


def test_a_container_is_collected_once_however_often_it_is_asked(
    engine: LogEngine, start: Callable[[], Rack]
) -> None:
    rack = start()
    engine.write(WEB.id, key(1), b"once")
    for _ in range(5):
        rack.collector.collect(WEB, FLOOR)
        eventually(lambda: rack.messages() == [b"once"])

    assert len([request for request in engine.requests if "/logs" in request]) == 1


def test_a_container_that_is_gone_is_let_go(engine: LogEngine, start: Callable[[], Rack]) -> None:
    rack = start()
    engine.write(WEB.id, key(1), b"once")
    rack.collector.collect(WEB, FLOOR)
    eventually(lambda: rack.messages() == [b"once"])

    engine.remove(WEB.id)

    assert rack.collector.settle(WEB.pid, 5)
    assert rack.app.cursor(WEB.pid).since == b""


def test_lines_that_could_not_be_stored_are_read_again(
    engine: LogEngine,
    start: Callable[[], Rack],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "logs").write_text("in the way")
    rack = start()
    engine.write(WEB.id, key(1), b"kept")
    rack.collector.collect(WEB, FLOOR)
    eventually(lambda: "cannot store a log" in caplog.text)

    (tmp_path / "logs").unlink()

    eventually(lambda: rack.messages() == [b"kept"])


def test_a_settled_container_is_read_again_when_it_starts_again(
    engine: LogEngine, start: Callable[[], Rack]
) -> None:
    rack = start()
    engine.write(WEB.id, key(1), b"first life")
    engine.exit(WEB.id)
    rack.collector.collect(WEB, FLOOR)
    assert rack.collector.settle(WEB.pid, 5)

    asked, began = len(engine.requests), time.monotonic()
    rack.collector.collect(WEB, FLOOR)
    assert rack.collector.settle(WEB.pid, 5)
    assert time.monotonic() - began < 2, "nobody waits for what is settled already"
    assert len(engine.requests) == asked
    engine._status[WEB.id] = "running"
    engine.write(WEB.id, key(2), b"second life")
    rack.collector.collect(replace(WEB, started=SystemClock().now()), FLOOR)

    eventually(lambda: rack.messages() == [b"first life", b"second life"])


def test_waiting_for_a_container_that_runs_on_ends_in_time(
    engine: LogEngine, start: Callable[[], Rack]
) -> None:
    rack = start()
    engine.write(WEB.id, key(1), b"x")
    rack.collector.collect(replace(WEB), FLOOR)

    assert not rack.collector.settle(WEB.pid, 0.05)


def test_old_files_are_swept_from_the_first_turn_on(start: Callable[[], Rack]) -> None:
    rack = start()

    eventually(lambda: rack.swept == 1)
