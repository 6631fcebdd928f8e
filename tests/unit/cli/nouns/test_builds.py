from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.fakes.wire_server import Answer, Asked, WireServer
from tests.unit.cli.driver import OURS, as_answer, convox, offline, stream

BUILD = {
    "id": "B1",
    "app": "a",
    "status": "complete",
    "release": "R1",
    "description": "d",
    "started": "2026-01-02T03:04:05Z",
    "ended": "0001-01-01T00:00:00Z",
}
RUNNING = {**BUILD, "status": "running", "release": ""}
LOG = stream(b"Step 1\n", b"Step 2\n")


class Rack:
    """Builds whatever it is sent; `builds` are what it says of the build, one after the other."""

    def __init__(self, *builds: dict[str, str], logs: list[Answer] | None = None) -> None:
        self.builds = list(builds)
        self.logs = logs or [LOG]

    def __call__(self, asked: Asked) -> Answer:
        if asked.target == "/system":
            return as_answer(OURS)
        if "/objects/" in asked.target:
            return as_answer({"Url": "object://a/x.tgz"})
        if asked.method == "POST":
            return as_answer(RUNNING)
        if asked.target.endswith("/logs"):
            return self.logs.pop(0) if len(self.logs) > 1 else self.logs[0]
        return as_answer(self.builds.pop(0) if len(self.builds) > 1 else self.builds[0])


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "convox.yml").write_text("services: {}\n")
    monkeypatch.chdir(folder)
    return folder


def built(rack: Rack, *words: str, folder: Path) -> tuple[int, str, str, list[Asked]]:
    with WireServer(rack) as server:
        ran = offline(*words, settings=folder / "settings", RACK_URL=server.url)
        return ran.code, ran.out, ran.err, server.asked


def test_a_build_is_followed_to_its_end(source: Path) -> None:
    code, out, _, asked = built(Rack(RUNNING, RUNNING, BUILD), "build", folder=source)

    assert code == 0
    assert out.endswith("Starting build... OK\nStep 1\nStep 2\nBuild:   B1\nRelease: R1\n")
    upload = next(request for request in asked if "/objects/" in request.target)
    with tarfile.open(fileobj=io.BytesIO(upload.body)) as archive:
        assert archive.getnames() == ["convox.yml"]


def test_a_failed_build_says_why_and_exits_1(source: Path) -> None:
    failed = {**BUILD, "status": "failed", "reason": "no such file: Dockerfile"}

    code, out, err, _ = built(Rack(failed), "build", folder=source)

    assert (code, err) == (1, "ERROR: build failed: no such file: Dockerfile\n")
    assert "Release" not in out


def test_a_log_that_broke_off_is_completed_and_not_repeated(source: Path) -> None:
    logs = [stream(b"Step 1\nSt", end=False), LOG]

    _, out, _, _ = built(Rack(RUNNING, BUILD, logs=logs), "build", folder=source)

    assert out.count("Step 1") == 1
    assert "Step 1\nStep 2\nBuild:" in out


def test_a_missing_directory_is_named_before_anything_is_sent(source: Path) -> None:
    code, out, err, asked = built(Rack(BUILD), "build", "none", folder=source)

    assert (code, out, err) == (1, "Packaging source... ", "ERROR: no such directory: none\n")
    assert [request.target for request in asked if request.method == "POST"] == []


def test_a_build_without_a_release_is_not_promoted(source: Path) -> None:
    code, _, err, asked = built(Rack({**BUILD, "release": ""}), "deploy", folder=source)

    assert (code, err) == (1, "ERROR: no release to promote\n")
    assert not any("promote" in request.target for request in asked)


def test_a_clean_git_tree_names_its_commit(source: Path) -> None:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        done = subprocess.run(
            ["git", *identity, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first words")
    sha = git("rev-parse", "HEAD")

    _, _, _, asked = built(Rack(BUILD), "build", folder=source)

    form = next(r.body.decode() for r in asked if r.target.endswith("/builds"))
    assert f"git-sha={sha}" in form
    assert f"description=build+{sha[:10]}+first+words" in form

    (source / "convox.yml").write_text("services: {} # changed\n")
    _, _, _, asked = built(Rack(BUILD), "build", folder=source)
    form = next(r.body.decode() for r in asked if r.target.endswith("/builds"))
    assert "description" not in form


def test_builds_in_json_and_info_of_one_under_way() -> None:
    answers = {"GET /apps/a/builds": [[RUNNING]], "GET /apps/a/builds/B1": RUNNING}

    listing = convox("builds", "-a", "a", "--json", answers=answers)
    info = convox("builds", "info", "B1", "-a", "a", answers=answers)

    assert json.loads(listing.out) == [RUNNING]
    assert info.out.endswith("Elapsed      \n")
