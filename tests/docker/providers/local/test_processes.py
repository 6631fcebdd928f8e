"""Processes of a local rack against a real engine: exec, run, stop, files."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import tarfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from convox.api.types import (
    FilesDeleteOptions,
    FilesDownloadOptions,
    Process,
    ProcessExecOptions,
    ProcessListOptions,
    ProcessRunOptions,
)
from convox.core.errors import ConflictError, FailedError, InvalidError, NotFoundError
from convox.core.stream import Chunks
from tests.docker.providers.local.process_rig import APP, Rack, eventually, rack
from tests.fakes.process_stream import ClientStream

pytestmark = pytest.mark.docker


class Body(io.BytesIO):
    """Bytes as `Chunks`."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Rack]:
    assert engine
    with rack(tmp_path_factory.mktemp("processes")) as made:
        yield made


@pytest.fixture(scope="module")
def pid(running: Rack) -> str:
    return running.service("while true; do sleep 0.1; done")[:12]


def execute(
    running: Rack, pid: str, command: str, stream: ClientStream | None = None, **options: object
) -> tuple[int, bytes]:
    stream = stream or ClientStream(finished=True)
    opts = ProcessExecOptions(**{"command": command, "tty": False, **options})  # type: ignore[arg-type]
    code = running.processes.process_exec(APP, pid, stream, opts)
    stream.close()
    return code, stream.output


def run(running: Rack, command: str, **options: object) -> Process:
    opts = ProcessRunOptions(command=command, **options)  # type: ignore[arg-type]
    return running.processes.process_run(APP, "web", opts)


def listed(running: Rack, **options: object) -> list[str]:
    opts = ProcessListOptions(**options)  # type: ignore[arg-type]
    return [process.id for process in running.processes.process_list(APP, opts)]


def whole(body: Chunks) -> bytes:
    data = b"".join(iter(body.read, b""))
    body.close()
    return data


def test_exec_gives_the_output_and_the_exit_code(running: Rack, pid: str) -> None:
    code, output = execute(running, pid, "echo out; echo err >&2; exit 7")

    assert (code, sorted(output.splitlines())) == (7, [b"err", b"out"])


def test_exec_reads_piped_input_to_its_end(running: Rack, pid: str) -> None:
    stream = ClientStream(b"one\n", b"two\n", finished=True)

    assert execute(running, pid, "wc -l; echo done", stream) == (0, b"2\ndone\n")


def test_five_megabytes_pass_both_ways_intact(running: Rack, pid: str) -> None:
    data = os.urandom(5 << 20)
    pieces = [data[start : start + 1024] for start in range(0, len(data), 1024)]
    stream = ClientStream(*pieces, finished=True)

    code, output = execute(running, pid, "cat", stream)

    assert code == 0
    assert hashlib.sha256(output).digest() == hashlib.sha256(data).digest()


def test_a_terminal_is_real_and_has_the_size_asked_for(running: Rack, pid: str) -> None:
    stream = ClientStream()

    code, output = execute(
        running,
        pid,
        "sleep 0.3; test -t 0 && test -t 1 && stty size",
        stream,
        tty=None,
        height=33,
        width=77,
    )

    assert (code, output) == (0, b"33 77\r\n")


def test_an_interactive_shell_answers_and_ends_with_its_status(running: Rack, pid: str) -> None:
    stream = ClientStream(b"echo $((6*7))\r", b"exit 3\r")

    code, output = execute(running, pid, "sh", stream, tty=True, height=24, width=80)

    assert code == 3
    assert b"42\r\n" in output


def test_control_c_reaches_the_process(running: Rack, pid: str) -> None:
    stream = ClientStream()
    threading.Timer(0.5, stream.send, [b"\x03"]).start()

    code, _ = execute(running, pid, "sleep 60", stream, tty=True)

    assert code == 130


@pytest.mark.parametrize("tty", [True, False])
def test_a_client_that_leaves_frees_the_thread(running: Rack, pid: str, tty: bool) -> None:
    stream = ClientStream()
    threading.Timer(0.5, stream.leave).start()
    started = time.monotonic()

    code, _ = execute(running, pid, f"sleep 6{int(tty)}", stream, tty=tty)

    assert code in (-1, 128 + signal.SIGHUP)
    assert time.monotonic() - started < 5


def test_a_terminal_whose_client_left_is_hung_up(running: Rack, pid: str) -> None:
    stream = ClientStream()
    threading.Timer(0.5, stream.leave).start()

    execute(running, pid, "sleep 4321", stream, tty=True)

    eventually(lambda: execute(running, pid, "grep -l '^sleep.4321' /proc/*/cmdline")[0] != 0)


def test_a_command_that_is_not_there_says_so_with_its_code(running: Rack, pid: str) -> None:
    code, output = execute(running, pid, "no-such-command")

    assert code == 127
    assert b"not found" in output


def test_exec_into_nothing_is_refused_by_name(running: Rack) -> None:
    with pytest.raises(NotFoundError, match="process not found: 000000000000"):
        execute(running, "000000000000", "true")


def test_exec_into_an_ended_process_is_refused(running: Rack) -> None:
    ended = running.service("exit 3")[:12]
    eventually(lambda: running.processes.process_get(APP, ended).status == "exited 3")

    with pytest.raises(ConflictError, match=f"process is not running: {ended}"):
        execute(running, ended, "true")


def test_a_one_off_has_what_its_service_has(running: Rack) -> None:
    process = run(running, "sleep 3600")

    code, output = execute(
        running, process.id, "echo $COLOR $APP $SERVICE $RELEASE; cat /proc/1/cgroup | head -1;"
        " cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null;"
        " touch /data/kept && ls /data",
    )  # fmt: skip

    assert code == 0
    lines = output.decode().splitlines()
    assert lines[0] == "green app web RONE"
    assert str(64 << 20) in lines
    assert lines[-1] == "kept"
    assert (process.status, process.name, process.release) == ("running", "web", "RONE")
    assert process.command == "sleep 3600"
    running.processes.process_stop(APP, process.id)


def test_a_detached_one_off_leaves_its_output_in_the_log(running: Rack) -> None:
    process = run(running, "echo hello from $COLOR; exit 4", environment={"COLOR": "red"})

    eventually(lambda: running.processes.process_get(APP, process.id).status == "exited 4")
    eventually(lambda: running.text(pid=process.id) == b"hello from red\n")
    assert process.id not in listed(running)


def test_a_stopped_one_off_is_gone_and_its_log_is_not(running: Rack) -> None:
    process = run(running, "echo here; exec sleep 300")
    eventually(lambda: b"here" in running.text(pid=process.id))

    running.processes.process_stop(APP, process.id)

    eventually(lambda: process.id not in listed(running))
    eventually(lambda: process.id not in one_offs(running))
    assert running.text(pid=process.id) == b"here\n"


def one_offs(running: Rack) -> list[str]:
    return [c.pid for c in running.engine.containers(running.layout.labels("oneoff", APP))]


def test_a_process_that_does_not_want_to_end_does_not_delay_the_answer(running: Rack) -> None:
    stubborn = running.service("trap '' TERM; while true; do sleep 0.1; done")[:12]
    time.sleep(0.3)
    started = time.monotonic()

    running.processes.process_stop(APP, stubborn)

    assert time.monotonic() - started < 1
    running.engine.kill(stubborn)
    eventually(lambda: stubborn not in listed(running))


def test_one_offs_are_reaped_at_their_deadline_by_a_rack_that_was_restarted(running: Rack) -> None:
    process = run(running, "sleep 1")
    late = running.clock.now() + timedelta(seconds=120)
    running.end()
    running.clock.now = lambda: late  # type: ignore[method-assign]
    try:
        running.begin()
        eventually(lambda: process.id not in listed(running))
    finally:
        del running.clock.now

    eventually(lambda: process.id not in one_offs(running))


def test_an_overdue_one_off_that_still_runs_is_said_to_be_stopped(running: Rack) -> None:
    process = run(running, "sleep 600")
    late = running.clock.now() + timedelta(seconds=700)
    running.clock.now = lambda: late  # type: ignore[method-assign]
    try:
        running.processes.reap()
    finally:
        del running.clock.now

    assert process.id not in listed(running)
    eventually(lambda: f"stopping one-off process {process.id}" in log_text(running))


def log_text(running: Rack) -> str:
    return running.text(since=timedelta(hours=1)).decode()


def test_processes_are_listed_by_service_and_release(running: Rack, pid: str) -> None:
    other = running.service("sleep 600", service="other")[:12]

    assert {pid, other} <= set(listed(running))
    assert listed(running, service="other") == [other]
    assert other not in listed(running, release="RNONE")
    running.processes.process_stop(APP, other)


@pytest.mark.parametrize(
    ("service", "options", "error", "words"),
    [
        ("nope", {}, NotFoundError, "service not found: nope"),
        ("web", {"release": "RNOPE"}, NotFoundError, "release not found: RNOPE"),
        ("web", {"image": "x"}, InvalidError, "own image"),
        ("web", {"volumes": {"/": "/host"}}, InvalidError, "own volumes"),
    ],
)
def test_a_run_that_cannot_be_is_refused(
    running: Rack, service: str, options: dict[str, object], error: type, words: str
) -> None:
    opts = ProcessRunOptions(command="true", **options)  # type: ignore[arg-type]

    with pytest.raises(error, match=words):
        running.processes.process_run(APP, service, opts)


def test_an_unknown_app_is_named(running: Rack) -> None:
    with pytest.raises(NotFoundError, match="app not found: nope"):
        running.processes.process_list("nope", ProcessListOptions())


def download(running: Rack, pid: str, path: str) -> dict[str, bytes | None]:
    data = whole(running.processes.files_download(APP, pid, FilesDownloadOptions(file=path)))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            member.name: archive.extractfile(member).read() if member.isreg() else None
            for member in archive
        }


def test_a_file_is_fetched_under_its_full_name(running: Rack, pid: str) -> None:
    execute(running, pid, "mkdir -p /srv/deep/er; printf hi > /srv/deep/er/file")

    assert download(running, pid, "/srv/deep/er/file") == {"srv/deep/er/file": b"hi"}


def test_a_folder_is_fetched_with_what_is_in_it(running: Rack, pid: str) -> None:
    long = "n" * 120
    execute(
        running, pid, f"mkdir -p /srv/tree/sub; printf 1 > /srv/tree/{long}; ln -s x /srv/tree/l"
    )

    found = download(running, pid, "/srv/tree/")

    assert found == {
        "srv/tree": None, "srv/tree/sub": None, f"srv/tree/{long}": b"1", "srv/tree/l": None,
    }  # fmt: skip


def test_a_link_is_fetched_as_what_it_points_to(running: Rack, pid: str) -> None:
    execute(running, pid, "mkdir -p /srv/a; printf yes > /srv/a/real; ln -sf a/real /srv/link")

    assert download(running, pid, "/srv/link") == {"srv/link": b"yes"}


def test_what_is_not_there_cannot_be_fetched(running: Rack, pid: str) -> None:
    with pytest.raises(NotFoundError, match=f"no such file in process {pid}: /nope"):
        download(running, pid, "/nope")


def test_a_relative_path_is_refused(running: Rack, pid: str) -> None:
    with pytest.raises(InvalidError, match='absolute path, not "etc/hosts"'):
        download(running, pid, "etc/hosts")


def tar(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_an_upload_lands_at_its_absolute_names(running: Rack, pid: str) -> None:
    data = os.urandom(3 << 20)

    running.processes.files_upload(APP, pid, Body(tar(("/opt/new/big", data), ("/opt/x", b"x"))))

    assert download(running, pid, "/opt/new/big") == {"opt/new/big": data}
    assert execute(running, pid, "cat /opt/x") == (0, b"x")


def test_an_upload_that_is_cut_short_is_an_error(running: Rack, pid: str) -> None:
    body = tar(("/opt/cut", b"y" * 100_000))[:50_000]

    with pytest.raises(InvalidError, match="not a complete tar"):
        running.processes.files_upload(APP, pid, Body(body))


def test_an_upload_that_climbs_is_refused_by_name(running: Rack, pid: str) -> None:
    body = tar(("/opt/../../etc/passwd", b"root"))

    with pytest.raises(InvalidError, match=r"climbs out.*etc/passwd"):
        running.processes.files_upload(APP, pid, Body(body))


def test_a_large_file_passes_without_being_held(running: Rack, pid: str) -> None:
    execute(running, pid, "dd if=/dev/zero of=/opt/large bs=1M count=64 2>/dev/null")
    body = running.processes.files_download(APP, pid, FilesDownloadOptions(file="/opt/large"))

    size, largest = 0, 0
    for piece in iter(body.read, b""):
        size, largest = size + len(piece), max(largest, len(piece))
    body.close()

    assert size == (64 << 20) + 3 * 512
    assert largest <= 65536


def test_files_are_deleted(running: Rack, pid: str) -> None:
    execute(running, pid, "mkdir -p /opt/d/e; touch /opt/d/e/f '/opt/-rf'")

    opts = FilesDeleteOptions(files=("/opt/d", "/opt/-rf", "/opt/missing"))
    running.processes.files_delete(APP, pid, opts)

    assert execute(running, pid, "ls -d /opt/d /opt/-rf")[0] != 0


@pytest.mark.parametrize("files", [(), ("/",), ("relative",), ("/opt/../..",)])
def test_deleting_nothing_or_everything_is_refused(
    running: Rack, pid: str, files: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidError):
        running.processes.files_delete(APP, pid, FilesDeleteOptions(files=files))


def test_an_image_without_rm_says_so(running: Rack) -> None:
    bare = running.service("rm /usr/bin/rm; while true; do sleep 0.1; done")[:12]
    eventually(lambda: execute(running, bare, "test ! -e /usr/bin/rm")[0] == 0)

    with pytest.raises(FailedError, match="its image has no rm command"):
        running.processes.files_delete(APP, bare, FilesDeleteOptions(files=("/anything",)))
