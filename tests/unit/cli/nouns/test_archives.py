from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import OK, convox, offline

APP = {
    "name": "a",
    "status": "running",
    "release": "R1",
    "generation": "2",
    "parameters": {"A": "1", "LogBucket": "private"},
}
RELEASE = {"id": "R1", "build": "B1", "env": "K=v"}
TGZ = b"\x1f\x8b" + b"build" * 1000
ANSWERS = {
    "GET /apps/a": APP,
    "GET /apps/a/releases/R1": RELEASE,
    "GET /apps/a/builds/B1.tgz": Answer(body=TGZ),
    "POST /apps": APP,
    "POST /apps/a/builds/import": {"release": "R2"},
    "POST /apps/a/releases": {"id": "R3"},
    "POST /apps/a/releases/R3/promote": OK,
    "PUT /apps/a": OK,
}


def test_an_app_goes_out_and_comes_in_again(tmp_path: Path) -> None:
    file = str(tmp_path / "app.tgz")

    out = convox("apps", "export", "a", "-f", file, answers=ANSWERS)
    back = convox("apps", "import", "a", "-f", file, answers=ANSWERS)

    with tarfile.open(file) as archive:
        app = json.load(archive.extractfile("app.json") or io.BytesIO())
    assert out.code == 0
    assert app["parameters"] == {"A": "1"}
    imported = next(asked for asked in back.asked if asked.target.endswith("/import"))
    assert imported.body == TGZ
    assert back.out.endswith("Promoting R3... OK\n")


def test_parameters_that_differ_are_set(tmp_path: Path) -> None:
    file = str(tmp_path / "app.tgz")
    convox("apps", "export", "a", "-f", file, answers=ANSWERS)
    fresh = {**APP, "parameters": {"A": "0"}}

    ran = convox("apps", "import", "a", "-f", file, answers={**ANSWERS, "GET /apps/a": fresh})

    assert ran.out.endswith("Updating parameters... OK\n")
    assert "PUT /apps/a parameters=A%3D1" in ran.requests


def test_an_export_without_a_file_is_on_stdout(tmp_path: Path) -> None:
    answers = {"GET /apps/a/builds/B1.tgz": Answer(body=b"archive")}

    ran = convox("builds", "export", "B1", "-a", "a", answers=answers)

    assert (ran.code, ran.out, ran.err) == (0, "archive", "Exporting build... OK\n")


def test_an_archive_is_never_written_to_a_terminal() -> None:
    ran = convox("builds", "export", "B1", "-a", "a", terminal=True)

    assert ran.err == "ERROR: pipe this command into a file or specify --file\n"


def test_an_export_that_failed_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "b.tgz"
    answers = {"GET /apps/a/builds/B1.tgz": Answer(404, b"build not found: B1\n")}

    ran = convox("builds", "export", "B1", "-a", "a", "-f", str(file), answers=answers)

    assert (ran.code, file.exists()) == (1, False)


def test_a_build_comes_in_from_a_pipe() -> None:
    ran = convox("builds", "import", "-a", "a", answers=ANSWERS, stdin=TGZ)

    assert ran.out == "Importing build... OK, R2\n"
    assert ran.asked[-1].body == TGZ


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tgz").write_bytes(b"not a tar")

    ran = offline(
        "apps", "import", "a", "-f", str(tmp_path / "x.tgz"), settings=tmp_path, RACK_URL="http://h"
    )

    assert ran.code == 1
    assert ran.err.startswith("ERROR: the export cannot be read")
