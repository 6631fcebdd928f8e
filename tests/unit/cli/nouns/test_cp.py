from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import OK, convox

POST = "POST /apps/a/processes/p2/files"


def tar(name: str, content: bytes) -> Answer:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return Answer(body=out.getvalue())


def uploaded(body: bytes) -> dict[str, int]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {member.name: member.size for member in archive}


def test_a_file_comes_down(tmp_path: Path) -> None:
    answers = {"GET /apps/a/processes/p1/files?file=%2Fetc%2Fmotd": tar("etc/motd", b"hi")}

    ran = convox("cp", "p1:/etc/motd", str(tmp_path / "x"), "-a", "a", answers=answers)

    assert (ran.code, ran.out, (tmp_path / "x").read_bytes()) == (0, "", b"hi")


def test_a_large_file_goes_up_in_chunks(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 3_000_000)

    ran = convox("cp", str(tmp_path / "big"), "p2:/tmp/", "-a", "a", answers={POST: OK})

    assert ran.code == 0
    assert ran.asked[0].chunked
    assert uploaded(ran.asked[0].body) == {"/tmp/big": 3_000_000}


def test_between_two_processes_it_passes_through() -> None:
    answers = {"GET /apps/a/processes/p1/files?file=%2Fa": tar("a", b"12345"), POST: OK}

    ran = convox("cp", "p1:/a", "p2:/srv/b", "-a", "a", answers=answers)

    assert ran.code == 0
    assert uploaded(ran.asked[1].body) == {"/srv/b": 5}


def test_local_to_local_is_a_copy(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")

    ran = convox("cp", str(tmp_path / "a"), str(tmp_path / "b"))

    assert (ran.code, (tmp_path / "b").read_text()) == (0, "1")


@pytest.mark.parametrize("words", [("p1:x", "y"), ("x", "p1:y"), ("p1:", "y")])
def test_a_relative_path_in_a_process_is_refused(words: tuple[str, str]) -> None:
    ran = convox("cp", *words, "-a", "a")

    assert ran.err == "ERROR: must specify absolute paths for processes\n"


def test_a_missing_file_is_said_by_the_rack() -> None:
    answers = {"GET /apps/a/processes/p1/files?file=%2Fno": Answer(404, b"no such file: /no\n")}

    ran = convox("cp", "p1:/no", "x", "-a", "a", answers=answers)

    assert (ran.code, ran.err) == (1, "ERROR: no such file: /no\n")
    assert not Path("x").exists()
