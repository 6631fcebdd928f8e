from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from convox.cli.archive import renamed, tar_of, unpack
from convox.core.errors import FailedError, InvalidError, NotFoundError


class Stream(io.BytesIO):
    """A body as a rack sends it: never seekable."""

    def seekable(self) -> bool:
        return False


def tar(*members: tuple[str, bytes | None]) -> Stream:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type = tarfile.DIRTYPE
                member.mode = 0o755
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content or b""))
    return Stream(out.getvalue())


def names(body: io.RawIOBase | object) -> dict[str, bytes | None]:
    data = b""
    while piece := body.read(1000):  # type: ignore[attr-defined]
        data += piece
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            member.name: (file.read() if (file := archive.extractfile(member)) else None)
            for member in archive
        }


def test_a_file_becomes_the_file_that_was_named(tmp_path: Path) -> None:
    unpack(tar(("etc/motd", b"hi")), "/etc/motd", str(tmp_path / "motd"))

    assert (tmp_path / "motd").read_bytes() == b"hi"


def test_a_file_goes_into_a_directory_that_is_there(tmp_path: Path) -> None:
    unpack(tar(("etc/motd", b"hi")), "/etc/motd", str(tmp_path))

    assert (tmp_path / "motd").read_bytes() == b"hi"


def test_a_directory_keeps_its_shape(tmp_path: Path) -> None:
    members = tar(("app/dir", None), ("app/dir/a", b"1"), ("app/dir/sub/b", b"2"), ("app", None))

    unpack(members, "/app/dir/", str(tmp_path / "copy"))

    assert (tmp_path / "copy" / "a").read_bytes() == b"1"
    assert (tmp_path / "copy" / "sub" / "b").read_bytes() == b"2"


def test_a_file_named_elsewhere_is_placed_inside(tmp_path: Path) -> None:
    unpack(tar(("motd", b"hi")), "/etc/motd", str(tmp_path / "dst"))

    assert (tmp_path / "dst" / "motd").read_bytes() == b"hi"


@pytest.mark.parametrize("name", ["../../evil", "/../evil", "app/dir/../../../evil"])
def test_a_name_that_climbs_stays_below(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"

    unpack(tar((name, b"x")), "/app/dir", str(inside))

    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


def test_a_link_already_there_is_not_followed_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)

    with pytest.raises(InvalidError, match="outside of"):
        unpack(tar(("app/link/evil", b"x")), "/app", str(inside))

    assert list(outside.iterdir()) == []


def test_links_and_devices_are_skipped(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"app/{kind.decode()}")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)

    unpack(Stream(out.getvalue()), "/app", str(tmp_path / "app"))

    assert not (tmp_path / "app").exists()


@pytest.mark.parametrize("cut", [100, 700, 1500])
def test_a_broken_archive_is_an_error(tmp_path: Path, cut: int) -> None:
    whole = tar(("app/a", b"x" * 2000)).getvalue()

    with pytest.raises(FailedError, match="broken archive"):
        unpack(Stream(whole[:cut]), "/app", str(tmp_path / "app"))


def test_a_local_file_is_named_as_it_will_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1000)

    assert names(tar_of(str(tmp_path / "file"), "/tmp/f")) == {"/tmp/f": b"x" * 1000}


def test_a_local_directory_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "d" / "sub" / "a").write_text("1")
    (tmp_path / "d" / "empty").write_text("")

    body = tar_of(str(tmp_path / "d"), "/tmp/x/")

    assert names(body) == {
        "/tmp/x": None,
        "/tmp/x/empty": b"",
        "/tmp/x/sub": None,
        "/tmp/x/sub/a": b"1",
    }


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file or directory"):
        tar_of(str(tmp_path / "none"), "/x")


def test_a_tar_is_renamed_as_it_passes() -> None:
    body = renamed(tar(("app/dir", None), ("app/dir/a", b"1" * 700)), "/app/dir", "/srv/new")

    assert names(body) == {"/srv/new": None, "/srv/new/a": b"1" * 700}


def test_a_tar_that_was_closed_has_ended(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    body = tar_of(str(tmp_path / "file"), "/f")

    body.close()

    assert body.read() == b""
