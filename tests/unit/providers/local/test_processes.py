import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from convox.api.types import (
    Build,
    FilesDeleteOptions,
    FilesDownloadOptions,
    LogsOptions,
    ProcessExecOptions,
    ProcessListOptions,
    ProcessRunOptions,
    Release,
)
from convox.core.errors import ConflictError, FailedError, InvalidError, NotFoundError
from convox.providers.local.containers import Container, ContainerSpec
from convox.providers.local.layout import Layout
from convox.providers.local.processes import Processes
from convox.providers.local.store import Store, open_store
from convox.providers.local.wishes import Wishes
from tests.fakes.engine import Body, FakeEngine
from tests.fakes.log_engine import MovingClock
from tests.fakes.process_stream import ClientStream

MANIFEST = """
services:
  web:
    build: .
    command: serve
    volumes:
      - /data
"""


class NotedLogs:
    """Logs that only note what is asked of them."""

    def __init__(self) -> None:
        self.collected: list[str] = []
        self.settled: list[str] = []
        self.lines: list[tuple[str, str]] = []
        self.feeds: list[tuple[str, str]] = []

    def collect(self, container: Container) -> None:
        self.collected.append(container.id)

    def settle(self, id: str) -> bool:
        self.settled.append(id)
        return True

    def system(self, app: str, message: str) -> None:
        self.lines.append((app, message))

    def feed(self, app: str, opts: LogsOptions, *, pid: str = "") -> str:
        self.feeds.append((app, pid))
        return "feed"


@dataclass
class World:
    engine: FakeEngine
    store: Store
    layout: Layout
    logs: NotedLogs
    clock: MovingClock
    processes: Processes
    crashing: set[str]
    networks: list[str]

    def service(self, name: str = "web", app: str = "app", release: str = "RONE") -> str:
        labels = {
            **self.layout.labels("service", app),
            "convox.service": name,
            "convox.release": release,
            "convox.build": "BONE",
            "convox.grace": "7",
        }
        spec = ContainerSpec(name=f"{name}-{time.monotonic_ns()}", image=self.image, labels=labels)
        id = self.engine.create(spec)
        self.engine.start(id)
        return id

    @property
    def image(self) -> str:
        return self.layout.image("app", "web", "BONE")

    def run(self, command: str = "rake", **options: object) -> str:
        opts = ProcessRunOptions(command=command, **options)  # type: ignore[arg-type]
        return self.processes.process_run("app", "web", opts).id

    def one_off(self, pid: str) -> Container:
        return next(c for c in self.engine.containers({}) if c.pid == pid)

    def listed(self, **options: object) -> list[str]:
        opts = ProcessListOptions(**options)  # type: ignore[arg-type]
        return [process.id for process in self.processes.process_list("app", opts)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    engine, clock, logs = FakeEngine(), MovingClock(), NotedLogs()
    layout = Layout(tmp_path, "dev")
    store = open_store(tmp_path / "rack.db", clock)
    for app in ("app", "empty"):
        store.apps.insert(app, "2")
    store.builds.insert(Build(id="BONE", app="app", status="complete"))
    store.releases.insert(Release(id="RONE", app="app", build="BONE", manifest=MANIFEST))
    store.database.write("UPDATE apps SET release = 'RONE' WHERE name = 'app'", {})
    engine.add_image(layout.image("app", "web", "BONE"), entrypoint=("/entry", "-v"))
    engine.network_create(layout.network("app"), "10.0.0.0/26", {})
    crashing: set[str] = set()
    networks: list[str] = []
    processes = Processes(
        engine, store, layout, logs, Wishes(store, layout), clock,
        instance="local-dev",
        ensure_network=networks.append,
        condition=lambda app, id: "crashing" if id in crashing else "",
    )  # fmt: skip
    yield World(engine, store, layout, logs, clock, processes, crashing, networks)
    processes.stop()
    store.close()


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.01)


def test_processes_are_listed_by_name_and_id(world: World) -> None:
    b, a = world.service("b"), world.service("a")
    oneoff = world.run()
    world.service("other", app="elsewhere")

    assert world.listed() == [a[:12], b[:12], oneoff]
    assert world.listed(service="b") == [b[:12]]
    assert world.listed(release="RTWO") == []
    assert world.listed(release="", service="") == [a[:12], b[:12], oneoff]


def test_a_crashing_process_says_so(world: World) -> None:
    id = world.service()
    world.engine.finish(id, 1)
    assert world.processes.process_get("app", id[:12]).status == "exited 1"

    world.crashing.add(id)

    assert world.processes.process_get("app", id[:12]).status == "crashing"
    assert world.listed() == [id[:12]]


def test_a_process_of_another_app_is_not_found(world: World) -> None:
    id = world.service()

    with pytest.raises(NotFoundError, match=f"process not found: {id[:12]}"):
        world.processes.process_get("empty", id[:12])


def test_an_unknown_app_is_named_by_every_operation(world: World) -> None:
    processes, stream = world.processes, ClientStream()
    for ask in (
        lambda: processes.process_list("no", ProcessListOptions()),
        lambda: processes.process_get("no", "p"),
        lambda: processes.process_logs("no", "p", LogsOptions()),
        lambda: processes.process_run("no", "web", ProcessRunOptions()),
        lambda: processes.process_exec("no", "p", stream, ProcessExecOptions()),
        lambda: processes.process_stop("no", "p"),
        lambda: processes.files_download("no", "p", FilesDownloadOptions(file="/x")),
        lambda: processes.files_upload("no", "p", Body(b"")),
        lambda: processes.files_delete("no", "p", FilesDeleteOptions(files=("/x",))),
    ):
        with pytest.raises(NotFoundError, match="app not found: no"):
            ask()


def test_a_one_off_is_started_and_collected(world: World) -> None:
    process = world.processes.process_run(
        "app", "web", ProcessRunOptions(command="rake", environment={"X": "1"}, memory=99)
    )

    container = world.one_off(process.id)
    spec = world.engine.inside[container.id].spec
    assert (process.status, process.name, process.instance) == ("running", "web", "local-dev")
    assert (spec.command, spec.env["X"], spec.memory_mib) == (("sh", "-c", "rake"), "1", 99)
    assert world.logs.collected == [container.id]
    assert world.networks == ["app"]
    assert [volume.name for volume in world.engine.volumes({"convox.app": "app"})] == [
        world.layout.volume("app", "/data")
    ]


@pytest.mark.parametrize(
    ("app", "service", "options", "error", "words"),
    [
        ("app", "no", {}, NotFoundError, "service not found: no"),
        ("app", "web", {"release": "RNO"}, NotFoundError, "release not found: RNO"),
        ("empty", "web", {}, ConflictError, "no release of empty is active"),
        ("app", "web", {"image": "x"}, InvalidError, "own image"),
        ("app", "web", {"volumes": {"/": "/"}}, InvalidError, "own volumes"),
    ],
)
def test_a_run_that_cannot_be_leaves_nothing(
    world: World, app: str, service: str, options: dict[str, object], error: type, words: str
) -> None:
    opts = ProcessRunOptions(command="x", **options)  # type: ignore[arg-type]

    with pytest.raises(error, match=words):
        world.processes.process_run(app, service, opts)

    assert not world.engine.containers({})


def test_a_one_off_that_cannot_start_leaves_nothing(world: World) -> None:
    world.engine.failures["start"] = FailedError("cannot start container", why="no sh")

    with pytest.raises(FailedError, match="cannot start"):
        world.run()

    assert not world.engine.containers({})


def execute(world: World, pid: str, stream: ClientStream, **options: object) -> int:
    opts = ProcessExecOptions(command="ls", **options)  # type: ignore[arg-type]
    code = world.processes.process_exec("app", pid, stream, opts)
    stream.close()
    return code


def test_exec_runs_a_shell_and_answers_its_code(world: World) -> None:
    world.engine.on_exec = lambda command, given: (b"got " + given, 6)
    pid = world.service()[:12]
    stream = ClientStream(b"input", finished=True)

    assert execute(world, pid, stream) == 6
    assert stream.output == b"got input"
    assert world.engine.sessions[0].command == ("sh", "-c", "ls")
    assert world.engine.sessions[0].size is None


def test_exec_passes_the_size_of_the_terminal(world: World) -> None:
    pid = world.service()[:12]

    execute(world, pid, ClientStream(finished=True), height=24, width=80)

    assert world.engine.sessions[0].size == (24, 80)


def test_exec_through_the_entrypoint_of_the_image(world: World) -> None:
    pid = world.service()[:12]
    container = world.one_off(pid)
    world.engine._images[container.image] = world.engine._images[world.image]

    execute(world, pid, ClientStream(finished=True), entrypoint=True)

    assert world.engine.sessions[0].command == ("/entry", "-v", "sh", "-c", "ls")


def test_exec_into_an_ended_process_is_refused(world: World) -> None:
    id = world.service()
    world.engine.finish(id, 0)

    with pytest.raises(ConflictError, match=f"process is not running: {id[:12]}"):
        execute(world, id[:12], ClientStream())


def test_a_stopped_process_has_its_log_settled_and_is_removed(world: World) -> None:
    id = world.service()

    world.processes.process_stop("app", id[:12])

    eventually(lambda: not world.engine.containers({}))
    assert world.logs.settled == [id]


def test_a_stop_that_takes_long_is_answered_before(world: World) -> None:
    id = world.service()
    release = threading.Event()
    world.engine.stop = lambda id, grace_s: release.wait(5) and None  # type: ignore[method-assign]

    started = time.monotonic()
    world.processes.process_stop("app", id[:12])

    assert time.monotonic() - started < 2
    assert world.listed() == [id[:12]]
    release.set()
    eventually(lambda: world.listed() == [])


def test_a_stop_that_fails_at_once_is_told(world: World) -> None:
    id = world.service()
    world.engine.failures["stop"] = FailedError("cannot stop container")

    with pytest.raises(FailedError, match="cannot stop"):
        world.processes.process_stop("app", id[:12])


def test_ended_one_offs_are_hidden_then_removed(world: World) -> None:
    pid = world.run()
    world.engine.now = world.clock.now()
    world.engine.finish(world.one_off(pid).id, 3)

    assert world.listed() == []
    assert world.processes.process_get("app", pid).status == "exited 3"

    world.processes.reap()
    assert world.one_off(pid)
    world.clock.move(seconds=61)
    world.processes.reap()
    assert not world.engine.containers({})
    assert world.logs.lines == []


def test_a_one_off_over_its_deadline_is_stopped_and_said_to_be(world: World) -> None:
    pid = world.run("sleep 10")
    service = world.service()

    world.clock.move(seconds=69)
    world.processes.reap()
    assert pid in world.listed()

    world.clock.move(seconds=1)
    world.processes.reap()
    assert world.listed() == [service[:12]]
    assert world.logs.lines == [
        ("app", f"stopping one-off process {pid}: it is over its time limit")
    ]


def test_a_rack_that_starts_goes_on_with_the_one_offs_it_finds(world: World) -> None:
    late, young = world.run("sleep 10"), world.run()
    world.logs.collected.clear()
    world.clock.move(minutes=5)

    world.processes.start()

    eventually(lambda: world.listed() == [young])
    assert len(world.logs.collected) == 2
    assert late in world.logs.lines[0][1]


def test_an_engine_that_is_down_does_not_end_the_reaping(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    pid = world.run("sleep 10")
    world.clock.move(minutes=5)
    world.engine.down = True
    world.engine.failures["containers"] = FailedError("the Docker engine does not answer")
    world.processes.start()
    eventually(lambda: "reaping one-off processes failed" in caplog.text)

    world.engine.down = False
    world.engine.failures.clear()

    eventually(lambda: pid not in world.listed())


def test_the_log_of_a_process_is_known_longer_than_the_process(world: World) -> None:
    assert world.processes.process_logs("app", "0123456789ab", LogsOptions()) == "feed"
    assert world.logs.feeds == [("app", "0123456789ab")]


def test_files_pass_both_ways(world: World) -> None:
    id = world.service()
    world.engine.inside[id].files["/srv/x"] = b"content"

    body = world.processes.files_download("app", id[:12], FilesDownloadOptions(file="/srv/x"))
    data = b"".join(iter(body.read, b""))
    body.close()
    world.engine.inside[id].files.clear()
    world.processes.files_upload("app", id[:12], Body(data))

    assert world.engine.inside[id].files == {"/srv/x": b"content"}


def test_files_of_an_ended_process_cannot_be_deleted(world: World) -> None:
    id = world.service()
    world.engine.finish(id, 0)

    with pytest.raises(ConflictError, match="process is not running"):
        world.processes.files_delete("app", id[:12], FilesDeleteOptions(files=("/x",)))


def test_a_process_that_is_asked_to_be_reaped_tomorrow_lives(world: World) -> None:
    pid = world.run("rake")
    world.clock.at += timedelta(hours=23)

    world.processes.reap()

    assert world.listed() == [pid]
