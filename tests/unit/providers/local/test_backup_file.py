"""The file of a backup: written whole or not at all, and nothing altered is taken for whole."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from convox.core.errors import FailedError, InvalidError
from convox.providers.local import backup_file
from convox.providers.local.backup_file import Pieces, Writer, check


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "rack.backup"
    with Writer(made, {"rack": "r"}) as writer:
        writer.add("state.db", iter([b"one", b"two"]))
        writer.add("volumes/v", iter([b"x" * 3_000_000]))
    return made


def test_what_was_written_is_read(path):
    contents = check(path)

    assert contents.facts == {"rack": "r"}
    assert contents.sizes == {"state.db": 6, "volumes/v": 3_000_000}
    with backup_file.member(path, "state.db") as pieces:
        assert b"".join(pieces) == b"onetwo"


def test_only_its_owner_may_read_it(path):
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_byte_of_a_member_counts(path):
    data = bytearray(path.read_bytes())
    data[520] ^= 1
    path.write_bytes(data)

    with pytest.raises(InvalidError, match="no usable backup") as refused:
        check(path)
    assert refused.value.why == "its member 'state.db.gz' was altered"


def rewritten(path: Path, change: str, version: int = 1) -> None:
    """Leave out a member, add one, or say another version, all else as it was."""
    with tarfile.open(path) as archive:
        members = [(entry, archive.extractfile(entry).read()) for entry in archive]
    with tarfile.open(path, "w") as archive:
        for entry, data in members:
            if entry.name == change:
                continue
            if entry.name == "manifest.json" and change == "version":
                changed = json.dumps({**json.loads(data), "version": version}).encode()
                entry.size = len(changed)
                archive.addfile(entry, io.BytesIO(changed))
                continue
            if entry.name == "manifest.json" and change == "add":
                extra = tarfile.TarInfo("surprise.gz")
                archive.addfile(extra, io.BytesIO())
            archive.addfile(entry, io.BytesIO(data))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("state.db.gz", "its member 'state.db.gz' is missing"),
        ("add", "its member 'surprise.gz' is not in the manifest"),
        ("manifest.json", "its end is missing"),
        ("version", "it is of version 2, this program reads version 1"),
    ],
)
def test_what_is_not_as_its_manifest_says_is_refused(path, change, why):
    rewritten(path, change, version=2)

    with pytest.raises(InvalidError) as refused:
        check(path)
    assert refused.value.why == why


@pytest.mark.parametrize("data", [b"", b"text", b"\0" * 512])
def test_what_is_no_tar_is_refused(tmp_path, data):
    (tmp_path / "no").write_bytes(data)

    with pytest.raises(InvalidError, match="no usable backup"):
        check(tmp_path / "no")


def test_a_cut_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:900])

    with pytest.raises(InvalidError, match="no usable backup"):
        check(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidError, match="no such file"):
        check(tmp_path / "gone")


def test_a_failure_leaves_nothing_and_keeps_what_was_there(path):
    before = path.read_bytes()

    def failing() -> Iterator[bytes]:
        yield b"first"
        raise OSError(28, "No space left on device")

    with pytest.raises(FailedError) as failed, Writer(path, {}) as writer:
        writer.add("state.db", failing())

    assert failed.value.why == "No space left on device"
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_folder_that_is_not_there_is_said_before_anything_is_read(tmp_path):
    with pytest.raises(FailedError, match="cannot write"), Writer(tmp_path / "no" / "x", {}):
        raise AssertionError


def test_pieces_are_read_in_the_sizes_that_are_asked_for():
    body = Pieces(iter([b"", b"abcdef", b"g"]))

    assert [body.read(4), body.read(4), body.read(4), body.read(4)] == [b"abcd", b"ef", b"g", b""]
