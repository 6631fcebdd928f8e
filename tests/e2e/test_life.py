"""The life of an app on a local rack, through the CLI and the router, as a person would live it."""

import json
import re
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

from bench.harness import wait_for
from tests.e2e.harness import Cli, write_app

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("e2e")]


_LIMIT = (
    "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max"
)


@pytest.fixture
def app(cli: Cli):
    """An app of its own for one test."""
    name = f"t{uuid.uuid4().hex[:6]}"
    cli.ok("apps", "create", name)
    yield name
    cli("apps", "delete", name, "--wait")


def answer(cli: Cli, app: str, path: str = "/", timeout_s: float = 5) -> str:
    return cli.rack.get(app, path=path, timeout_s=timeout_s)[1]


def release_of(cli: Cli, app: str) -> str:
    return str(json.loads(cli.ok("api", "get", f"/apps/{app}"))["release"])


def process_of(cli: Cli, app: str) -> str:
    return cli.ok("ps", "-a", app).splitlines()[1].split()[0]


def test_a_deploy_answers_through_the_router_with_its_release(cli: Cli, app: str, page: Path):
    out = cli.ok("deploy", str(page), "-a", app, "--wait")

    assert "Packaging source... OK\nUploading source... OK\nStarting build... OK\n" in out
    release = release_of(cli, app)
    assert f"Promoting {release}..." in out
    assert answer(cli, app).startswith(f"first {release}")


def test_a_second_deploy_replaces_the_first_and_rollback_brings_it_back(
    cli: Cli, app: str, tmp_path: Path
):
    cli.ok("deploy", str(write_app(tmp_path / "a", "one")), "-a", app, "--wait")
    first = release_of(cli, app)
    cli.ok("deploy", str(write_app(tmp_path / "a", "two")), "-a", app, "--wait")
    assert answer(cli, app).startswith("two")

    out = cli.ok("releases", "rollback", first, "-a", app, "--wait")

    assert f"Rolling back to {first}... OK, R" in out
    assert answer(cli, app).startswith("one")


def test_env_set_promote_reaches_the_process_and_unset_takes_it_away(
    cli: Cli, app: str, tmp_path: Path
):
    manifest = "services:\n  web:\n    port: 3000\n    environment:\n      - GREETING=default\n"
    cli.ok("deploy", str(write_app(tmp_path / "a", "x", manifest=manifest)), "-a", app, "--wait")
    assert answer(cli, app).endswith("default")

    out = cli.ok("env", "set", "GREETING=hej", "-a", app, "--promote", "--wait")

    assert re.match(r"Setting GREETING\.\.\. OK\nRelease: R[A-Z]{10}\n", out)
    assert answer(cli, app).endswith("hej")
    assert cli.ok("env", "get", "GREETING", "-a", app) == "hej\n"
    cli.ok("env", "unset", "GREETING", "-a", app, "--promote", "--wait")
    assert answer(cli, app).endswith("default")


def test_env_set_reads_standard_input_and_env_edit_replaces_all(cli: Cli, app: str, page: Path):
    cli.ok("deploy", str(page), "-a", app, "--wait")
    cli.ok("env", "set", "A=1", "-a", app, stdin=b"B=two words\nnot a pair\n")
    assert cli.ok("env", "-a", app) == "A=1\nB=two words\n"

    editor = page / "editor.sh"
    editor.write_text('#!/bin/sh\necho "C=3" > "$1"\n')
    editor.chmod(0o755)
    edited = Cli(_with_editor(cli, editor), cli.cwd)
    edited.ok("env", "edit", "-a", app)

    assert cli.ok("env", "-a", app) == "C=3\n"


def _with_editor(cli: Cli, editor: Path):
    class Edited(type(cli.rack)):
        @property
        def env(self):
            return {**super().env, "EDITOR": str(editor)}

    rack = cli.rack
    return Edited(rack.name, rack.home, rack.https_port, rack.http_port, rack.api_port)


def test_exec_pipes_bytes_and_passes_the_exit_status(cli: Cli, app: str, page: Path):
    cli.ok("deploy", str(page), "-a", app, "--wait")
    pid = process_of(cli, app)

    piped = cli("exec", pid, "cat", "-a", app, stdin=b"one\ntwo\n")
    failed = cli("exec", pid, "sh -c 'echo out; exit 7'", "-a", app)

    assert (piped.exit, piped.out) == (0, "one\ntwo\n")
    assert (failed.exit, failed.out) == (7, "out\n")


def test_run_gives_a_fresh_process_and_takes_it_away(cli: Cli, app: str, page: Path):
    cli.ok("deploy", str(page), "-a", app, "--wait")

    done = cli("run", "web", "cat; echo $RELEASE; exit 3", "-a", app, stdin=b"piped\n")

    assert done.exit == 3
    assert done.out == f"piped\n{release_of(cli, app)}\n"
    wait_for(lambda: len(cli.ok("ps", "-a", app).splitlines()) == 2, 15, 0.2)


def test_run_detached_prints_the_process_and_its_output_reaches_the_log(
    cli: Cli, app: str, page: Path
):
    cli.ok("deploy", str(page), "-a", app, "--wait")

    out = cli.ok("run", "web", "echo from-detached", "-a", app, "--detach")

    assert re.match(r"Running detached process\.\.\. OK, [0-9a-f]{12}\n", out)
    wait_for(lambda: "from-detached" in cli.ok("logs", "--no-follow", "-a", app), 15, 0.2)


def test_scale_adds_and_removes_processes_and_limits_hold(cli: Cli, app: str, page: Path):
    cli.ok("deploy", str(page), "-a", app, "--wait")

    cli.ok("scale", "web", "--count", "3", "--memory", "64", "-a", app, "--wait")

    def processes() -> list[str]:
        listed = json.loads(cli.ok("api", "get", f"/apps/{app}/processes"))
        return [process["id"] for process in listed if process["status"] == "running"]

    wait_for(lambda: len(processes()) == 3, 60, 0.2)
    table = cli.ok("scale", "-a", app).splitlines()
    assert table[0].split() == ["SERVICE", "DESIRED", "RUNNING", "CPU", "MEMORY"]
    assert table[1].split()[:2] == ["web", "3"]
    limit = cli.ok("exec", processes()[0], _LIMIT, "-a", app)
    assert limit.strip() == str(64 * 1024 * 1024)
    assert answer(cli, app).startswith("first")


def test_logs_hold_the_lines_of_a_process_beyond_its_life(cli: Cli, app: str, page: Path):
    cli.ok("deploy", str(page), "-a", app, "--wait")
    pid = process_of(cli, app)
    answer(cli, app, "/mark-this")
    cli.ok("ps", "stop", pid, "-a", app)
    wait_for(lambda: process_of(cli, app) != pid, 30, 0.2)

    out = cli.ok("logs", "--no-follow", "-a", app)
    only = cli.ok("logs", "--no-follow", "--filter", "mark-this", "-a", app)

    assert re.search(rf"(?m)^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ service/web/{pid} listening$", out)
    assert [line.split(" ", 2)[2] for line in only.splitlines()] == ["request /mark-this"]


def test_files_and_folders_are_copied_both_ways(cli: Cli, app: str, page: Path, tmp_path: Path):
    cli.ok("deploy", str(page), "-a", app, "--wait")
    pid = process_of(cli, app)
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file.txt").write_bytes(b"\x00\xffbytes")
    (folder / "top.txt").write_text("top")

    cli.ok("cp", str(folder), f"{pid}:/srv/there", "-a", app)
    cli.ok("cp", f"{pid}:/srv/there", str(tmp_path / "back"), "-a", app)
    cli.ok("cp", f"{pid}:/srv/there/top.txt", str(tmp_path / "one.txt"), "-a", app)

    assert (tmp_path / "back" / "deep" / "file.txt").read_bytes() == b"\x00\xffbytes"
    assert (tmp_path / "one.txt").read_text() == "top"


def test_builds_and_releases_are_listed_and_told(cli: Cli, app: str, page: Path):
    out = cli.ok("build", str(page), "-a", app, "-d", "a first build")
    build, release = re.findall(r"(?m)^(?:Build:   |Release: )(\w+)$", out)

    listed = cli.ok("builds", "-a", app).splitlines()
    assert listed[0].split() == ["ID", "STATUS", "RELEASE", "STARTED", "ELAPSED", "DESCRIPTION"]
    assert listed[1].split()[:3] == [build, "complete", release]
    assert listed[1].endswith("a first build")
    assert "COPY" in cli.ok("builds", "logs", build, "-a", app)
    assert f"Id           {build}" in cli.ok("builds", "info", build, "-a", app)
    assert "port: 3000" in cli.ok("releases", "manifest", release, "-a", app)
    assert f"Build        {build}" in cli.ok("releases", "info", release, "-a", app)
    assert cli.ok("releases", "-a", app).splitlines()[1].split()[0] == release
    cli.ok("releases", "promote", "-a", app, "--wait")
    assert "active" in cli.ok("releases", "-a", app)


def test_restart_replaces_processes_without_a_failed_answer(cli: Cli, app: str, page: Path):
    cli.ok("deploy", str(page), "-a", app, "--wait")
    pid = process_of(cli, app)

    cli.ok("restart", "-a", app)

    deadline = time.monotonic() + 60
    failures = []
    while time.monotonic() < deadline:
        status, text = cli.rack.get(app)
        failures += [text] if status != 200 else []
        listed = [line.split()[0] for line in cli.ok("ps", "-a", app).splitlines()[1:]]
        if pid not in listed and listed:
            break
    assert not failures
    assert pid not in listed


def test_an_answer_in_flight_at_the_switch_finishes(cli: Cli, app: str, tmp_path: Path):
    cli.ok("deploy", str(write_app(tmp_path / "a", "old")), "-a", app, "--wait")
    got: list[str] = []
    slow = threading.Thread(target=lambda: got.append(answer(cli, app, "/slow=10", 30)))
    slow.start()
    time.sleep(0.5)

    cli.ok("deploy", str(write_app(tmp_path / "a", "new")), "-a", app, "--wait")

    assert answer(cli, app).startswith("new")
    slow.join()
    assert got[0].startswith("old")


def test_a_release_that_exits_is_explained_and_the_old_one_keeps_serving(
    cli: Cli, app: str, tmp_path: Path
):
    cli.ok("deploy", str(write_app(tmp_path / "a", "good")), "-a", app, "--wait")
    good = release_of(cli, app)
    bad = write_app(tmp_path / "b", "", page='raise SystemExit("no database at db:5432")\n')

    done = cli("deploy", str(bad), "-a", app, "--wait")

    assert done.exit == 1
    assert "no database at db:5432" in done.out + done.err
    assert answer(cli, app).startswith(f"good {good}")
    info = cli.ok("apps", "info", app)
    assert "Status      running" in info
    assert good in info
    assert "no database at db:5432" in info
    assert "no database at db:5432" in cli.ok("logs", "--no-follow", "-a", app)


def test_cancel_stops_a_promote_and_the_old_release_answers(cli: Cli, app: str, tmp_path: Path):
    cli.ok("deploy", str(write_app(tmp_path / "a", "good")), "-a", app, "--wait")
    never = "import time, signal\nsignal.signal(15, lambda *_: exit(0))\ntime.sleep(600)\n"
    cli.ok("deploy", str(write_app(tmp_path / "b", "", page=never)), "-a", app)
    assert json.loads(cli.ok("api", "get", f"/apps/{app}"))["status"] == "updating"

    cli.ok("apps", "cancel", app)

    cli.ok("apps", "wait", app)
    assert answer(cli, app).startswith("good")


def test_delete_leaves_nothing_of_the_app(cli: Cli, page: Path):
    name = f"t{uuid.uuid4().hex[:6]}"
    cli.ok("apps", "create", name)
    cli.ok("deploy", str(page), "-a", name, "--wait")

    cli.ok("apps", "delete", name, "--wait")

    assert "ERROR: app not found" in cli("apps", "info", name).err
    label = f"label=convox.app={name}"
    for listing in (
        ["ps", "-aq"],
        ["network", "ls", "-q"],
        ["image", "ls", "-q"],
        ["volume", "ls", "-q"],
    ):
        left = subprocess.run(
            ["docker", *listing, "--filter", label], capture_output=True, text=True, check=True
        )
        assert left.stdout == "", listing
    assert name not in " ".join(str(p) for p in cli.rack.folder.rglob("*"))
