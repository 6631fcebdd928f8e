"""Processes: exec, run, files, logs, over every implementation of the contract."""

from __future__ import annotations

import io
import tarfile
import time
from threading import Thread

import pytest

from convox.api import types
from convox.core.errors import ConvoxError, NotFoundError
from tests.contract.acts import Reader, Terminal, eventually, process
from tests.contract.test_apps import read
from tests.fakes.rack import Bytes


def execute(world, app, command, terminal=None):
    terminal = terminal or Terminal()
    options = types.ProcessExecOptions(command=command, tty=False)
    pid = process(world.rack, app).id
    code = world.rack.process_exec(app, pid, terminal, options)
    return code, bytes(terminal.output)


def test_exec_answers_output_and_exit_status(world, deployed):
    code, output = execute(world, deployed, "echo out; echo err >&2; exit 3")

    # The two are pipes of their own in an engine, so which comes first is not promised.
    assert (code, sorted(output.splitlines())) == (3, [b"err", b"out"])


def test_exec_carries_any_bytes_both_ways(world, deployed):
    data = bytes(range(256)) * 64 + b"\xff\xfe\x80"

    assert execute(world, deployed, "cat", Terminal(stdin=data)) == (0, data)


def test_the_end_of_input_does_not_end_the_command(world, deployed):
    assert execute(world, deployed, "cat; sleep 0.3; echo done") == (0, b"done\n")


def test_output_that_looks_like_an_exit_status_is_output(world, deployed):
    fake = "F1E49A85-0AD7-4AEF-A618-C249C6E6568D:7"

    code, output = execute(world, deployed, f"echo {fake}; sleep 0.2; echo more; exit 2")

    assert (code, output) == (2, f"{fake}\nmore\n".encode())


def test_an_empty_output_still_has_a_status(world, deployed):
    assert execute(world, deployed, "exit 255") == (255, b"")


def test_exec_in_an_unknown_process_is_refused(world, deployed):
    options = types.ProcessExecOptions(command="true")

    with pytest.raises(ConvoxError, match="process not found: nobody"):
        world.rack.process_exec(deployed, "nobody", Terminal(), options)


def test_a_client_that_leaves_ends_the_exec(world, deployed):
    terminal = Terminal(at_end=False)
    done = []

    def work():
        try:
            done.append(execute(world, deployed, "echo here; exec sleep 60", terminal))
        except (ConvoxError, OSError) as e:
            done.append(e)

    thread = Thread(target=work)
    thread.start()
    eventually(lambda: b"here" in terminal.output)
    started = time.monotonic()
    terminal.leave()
    thread.join(20)

    assert done
    assert time.monotonic() - started < 5


def test_a_one_off_process_runs_its_command(world, deployed):
    rack = world.rack
    reader = Reader()
    detach = rack.app_logs(deployed, types.LogsOptions()).attach(reader)

    rack.process_run(deployed, "web", types.ProcessRunOptions(command="echo one-off ran"))

    assert "one-off ran" in reader.until("one-off ran")
    detach()


def test_a_process_can_be_stopped(world, deployed):
    rack = world.rack
    started = rack.process_run(deployed, "web", types.ProcessRunOptions(command="sleep 600"))
    assert rack.process_get(deployed, started.id).id == started.id

    rack.process_stop(deployed, started.id)

    def is_gone():
        listed = rack.process_list(deployed, types.ProcessListOptions())
        return started.id not in [p.id for p in listed if p.status == "running"]

    eventually(is_gone)


def test_an_unknown_process_is_not_found(world, deployed):
    with pytest.raises(NotFoundError, match="process not found: nobody"):
        world.rack.process_get(deployed, "nobody")


def test_files_go_up_and_come_back(world, deployed):
    rack, pid = world.rack, process(world.rack, deployed).id
    rack.files_upload(deployed, pid, Bytes(tar("/tmp/convox-contract/a.txt", b"hello\xff")))

    options = types.FilesDownloadOptions(file="/tmp/convox-contract/a.txt")
    body = read(rack.files_download(deployed, pid, options))

    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        name = "tmp/convox-contract/a.txt"
        assert archive.getnames() == [name]
        assert archive.extractfile(name).read() == b"hello\xff"


def test_a_file_that_is_not_there_cannot_be_fetched(world, deployed):
    pid = process(world.rack, deployed).id

    with pytest.raises(NotFoundError, match="/tmp/nothing-here"):
        options = types.FilesDownloadOptions(file="/tmp/nothing-here")
        world.rack.files_download(deployed, pid, options)


def test_a_log_is_followed_and_a_reader_can_leave(world, deployed):
    rack = world.rack
    first, second = Reader(), Reader()
    leave_first = rack.app_logs(deployed, types.LogsOptions(prefix=True)).attach(first)
    leave_second = rack.app_logs(deployed, types.LogsOptions()).attach(second)

    rack.process_run(deployed, "web", types.ProcessRunOptions(command="echo line-one"))
    first.until("line-one")
    second.until("line-one")
    leave_first()
    rack.process_run(deployed, "web", types.ProcessRunOptions(command="echo line-two"))
    second.until("line-two")
    leave_second()

    line = next(x for x in first.text.splitlines() if "line-one" in x)
    date, stream, message = line.split(" ", 2)
    assert (len(stream.split("/")), message) == (3, "line-one")
    assert date.endswith("Z")


def test_a_log_that_is_not_followed_ends(world, deployed):
    rack = world.rack
    rack.process_run(deployed, "web", types.ProcessRunOptions(command="echo past"))

    def replay():
        reader = Reader()
        rack.app_logs(deployed, types.LogsOptions(follow=False)).attach(reader)
        return "past" in reader.until(None)

    eventually(replay)


def test_the_log_of_an_unknown_app_is_an_error(world):
    reader = Reader()

    # A socket tells it as a line, because it is upgraded before it is refused.
    try:
        world.rack.app_logs("nobody", types.LogsOptions()).attach(reader)
    except NotFoundError as e:
        assert "app not found: nobody" in e.what
    else:
        assert reader.until(None) == "ERROR: app not found: nobody\n"


def tar(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()
