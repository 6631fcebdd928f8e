"""Logs of a local rack against a real engine: collecting, resuming, following."""

from __future__ import annotations

import re
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from convox.api.types import LogsOptions
from tests.docker.providers.local.process_rig import APP, Rack, eventually, rack

pytestmark = pytest.mark.docker

LONG = timedelta(hours=1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Rack]:
    assert engine
    with rack(tmp_path_factory.mktemp("logs")) as made:
        yield made


def numbers(text: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"number (\d+)", text)]


def test_lines_bear_the_time_the_service_and_the_process(running: Rack) -> None:
    id = running.service("echo out; echo err >&2; printf '\\033[31mred\\033[0m <ok>x</ok>'")
    assert running.logs.settle(id)

    text = running.text(pid=id[:12], prefix=True).decode()

    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    lines = sorted(
        re.fullmatch(rf"{stamp} service/web/{id[:12]} (.*)", x)[1] for x in text.splitlines()
    )
    assert lines == ["err", "out", "red <ok>x</ok >"]


def test_a_container_that_dies_at_once_has_its_last_lines(running: Rack) -> None:
    id = running.service("echo starting; sleep 0.05; echo cannot go on >&2; exit 1")
    running.engine.wait(id, 10)

    assert running.logs.tail(id, 5) == ["starting", "cannot go on"]
    assert running.logs.tail(id, 1) == ["cannot go on"]
    assert running.logs.settle(id)


def test_the_log_outlives_its_container(running: Rack) -> None:
    id = running.service("echo last words")
    running.engine.wait(id, 10)
    assert running.logs.settle(id)

    running.engine.remove(id)

    assert running.text(pid=id[:12]) == b"last words\n"
    assert running.logs.tail(id, 5) == []


def test_two_services_are_in_order_of_time(running: Rack) -> None:
    first = running.service("for i in 1 3 5 7; do echo order $i; sleep 0.2; done", "one")
    time.sleep(0.1)
    second = running.service("for i in 2 4 6 8; do echo order $i; sleep 0.2; done", "two")
    assert running.logs.settle(first, 10)
    assert running.logs.settle(second, 10)

    lines = running.text(since=LONG, prefix=True, filter="order").decode().splitlines()

    stamps = [line.split(" ")[0] for line in lines]
    assert stamps == sorted(stamps)
    assert {line.split("/")[1] for line in lines} == {"one", "two"}
    assert len(lines) == 8


def test_a_follower_sees_lines_as_they_are_written(running: Rack) -> None:
    id = running.service("read x; sleep 0.5; echo live; sleep 0.5; echo done")
    seen: list[tuple[float, bytes | None]] = []
    ended = threading.Event()

    def sink(data: bytes | None) -> None:
        seen.append((time.monotonic(), data))
        if data is None:
            ended.set()

    running.logs.feed(APP, LogsOptions(), pid=id[:12]).attach(sink)

    assert ended.wait(10)
    assert [data for _, data in seen] == [b"live\n", b"done\n", None]
    assert seen[1][0] - seen[0][0] > 0.3


def test_a_rack_that_restarts_loses_and_repeats_nothing(running: Rack) -> None:
    id = running.service(
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo number $i;"
        " [ $((i % 20)) = 0 ] && sleep 0.02; done"
    )
    for _ in range(4):
        time.sleep(0.6)
        running.again()
        running.logs.collect(running.engine.inspect(id))
    running.engine.wait(id, 30)

    assert running.logs.settle(id, 10)
    assert numbers(running.text(pid=id[:12], since=LONG)) == list(range(1, 3001))


def test_a_follower_that_joins_in_the_middle_has_neither_gap_nor_repetition(running: Rack) -> None:
    id = running.service(
        "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo number $i;"
        " [ $((i % 1000)) = 0 ] && sleep 0.05; done"
    )
    followers: list[list[bytes]] = []
    ends: list[threading.Event] = []
    for _ in range(20):
        time.sleep(0.03)
        seen: list[bytes] = []
        end = threading.Event()

        def sink(data: bytes | None, seen: list[bytes] = seen, end: threading.Event = end) -> None:
            seen.append(data or b"")
            if data is None:
                end.set()

        running.logs.feed(APP, LogsOptions(), pid=id[:12]).attach(sink)
        followers.append(seen)
        ends.append(end)

    assert all(end.wait(30) for end in ends)
    for seen in followers:
        assert numbers(b"".join(seen)) == list(range(1, 20001))


def test_a_very_long_line_comes_in_pieces_and_whole(running: Rack) -> None:
    id = running.service("head -c 1048576 /dev/zero | tr '\\0' a; echo; echo after")
    running.engine.wait(id, 20)
    assert running.logs.settle(id, 10)

    lines = running.text(pid=id[:12], since=LONG).split(b"\n")

    assert lines[-2:] == [b"after", b""]
    assert b"".join(lines[:-2]) == b"a" * 1048576
    assert max(map(len, lines)) <= 16384


def test_bytes_that_are_no_text_stay_as_they_are(running: Rack) -> None:
    id = running.service("printf '\\377\\376\\001 binary\\n'")
    running.engine.wait(id, 10)
    assert running.logs.settle(id)

    assert running.text(pid=id[:12]) == b"\xff\xfe\x01 binary\n"


def test_a_chatty_container_does_not_grow_memory(running: Rack) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    id = running.service(
        "i=0; while [ $i -lt 120000 ]; do i=$((i+1));"
        " echo number $i of a container that writes and writes and never stops; done"
    )
    running.engine.wait(id, 60)
    assert running.logs.settle(id, 60)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000
    seen = 0

    def sink(data: bytes | None) -> None:
        nonlocal seen
        seen += data.count(b"\n") if data else 0

    running.logs.feed(APP, LogsOptions(follow=False, since=LONG), pid=id[:12]).attach(sink)
    assert seen == 120_000


def test_a_container_with_a_terminal_is_collected_too(running: Rack) -> None:
    name = running.layout.container(APP, "tty", "one")
    labels = {**running.layout.labels("service", APP), "convox.service": "tty"}
    words = [part for key, value in labels.items() for part in ("--label", f"{key}={value}")]
    id = subprocess.run(
        ["docker", "run", "-dt", "--name", name, *words, "debian:bookworm-slim",
         "sh", "-c", "echo from a terminal; printf '\\033[1mbold\\033[0m'"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    running.logs.collect(running.engine.inspect(id))
    running.engine.wait(id, 10)

    eventually(lambda: running.logs.settle(id, 1))
    assert running.text(pid=id[:12]) == b"from a terminal\nbold\n"
