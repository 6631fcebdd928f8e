from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import FailedError, InvalidError
from convox.providers.local.archive import Limits, damaged, unpack
from tests.fakes.engine import Body


class Dripping(Body):
    """A body that comes in pieces of one size."""

    def __init__(self, data, size):
        super().__init__(data)
        self._size = size

    def read(self, size=65536, /):
        return super().read(min(size, self._size))


def entry(name, *, kind=tarfile.REGTYPE, data=b"", link="", mode=0o644, mtime=1_600_000_000):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mode, info.mtime = kind, len(data), link, mode, mtime
    return info, data


def packed(*entries, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unpack_into(folder, *entries, limits=None):
    folder.mkdir(exist_ok=True)
    unpack(Body(packed(*entries)), folder, limits)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_unpacks_whatever_the_compression(tmp_path, mode):
    data = packed(entry("a/b.txt", data=b"hello"), entry("./c", data=b"x"), mode=mode)

    unpack(Body(data), tmp_path)

    assert (tmp_path / "a/b.txt").read_bytes() == b"hello"
    assert (tmp_path / "c").read_bytes() == b"x"


def test_keeps_what_a_build_depends_on(tmp_path):
    unpack_into(
        tmp_path,
        entry("run.sh", data=b"#!", mode=0o755),
        entry("folder", kind=tarfile.DIRTYPE),
        entry("empty", data=b""),
        entry("link", kind=tarfile.SYMTYPE, link="folder"),
        entry("hard", kind=tarfile.LNKTYPE, link="run.sh"),
    )

    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o755
    assert (tmp_path / "run.sh").stat().st_mtime == 1_600_000_000
    assert (tmp_path / "folder").is_dir()
    assert (tmp_path / "empty").read_bytes() == b""
    assert (tmp_path / "link").readlink() == Path("folder")
    assert (tmp_path / "hard").samefile(tmp_path / "run.sh")


def test_does_not_keep_set_id_bits(tmp_path):
    unpack_into(tmp_path, entry("su", data=b"x", mode=0o6755))

    assert stat.S_IMODE((tmp_path / "su").stat().st_mode) == 0o755


def test_the_rack_can_always_read_and_remove_what_it_unpacked(tmp_path):
    unpack_into(tmp_path, entry("secret", data=b"x", mode=0o000))

    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_later_entry_replaces_an_earlier_one(tmp_path):
    unpack_into(tmp_path, entry("a", data=b"old"), entry("a", data=b"new"))

    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (entry("../up", data=b"x"), '"../up" climbs out of the archive'),
        (entry("a/../../up", data=b"x"), '"a/../../up" climbs out of the archive'),
        (entry("/etc/passwd", data=b"x"), '"/etc/passwd" climbs out of the archive'),
        (entry("out", kind=tarfile.SYMTYPE, link="/etc"), '"out" links to "/etc", outside'),
        (entry("a/out", kind=tarfile.SYMTYPE, link="../../x"), '"a/out" links to "../../x"'),
        (entry("hard", kind=tarfile.LNKTYPE, link="/etc/passwd"), '"hard" links to "/etc/passwd"'),
        (entry("hard", kind=tarfile.LNKTYPE, link="../x"), '"hard" links to "../x"'),
        (entry("hard", kind=tarfile.LNKTYPE, link="missing"), '"hard" links to "missing"'),
        (entry("tty", kind=tarfile.CHRTYPE), '"tty" is a device or a pipe'),
        (entry("disk", kind=tarfile.BLKTYPE), '"disk" is a device or a pipe'),
        (entry("pipe", kind=tarfile.FIFOTYPE), '"pipe" is a device or a pipe'),
    ],
)
def test_refuses_by_name(tmp_path, bad, words):
    folder = tmp_path / "inside"

    with pytest.raises(InvalidError) as refused:
        unpack_into(folder, entry("good", data=b"x"), bad)

    assert words in refused.value.wire
    assert ".dockerignore" in refused.value.fix
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


def test_refuses_to_write_beneath_a_link(tmp_path):
    link = entry("a", kind=tarfile.SYMTYPE, link="b")

    with pytest.raises(InvalidError, match='"a/x" lies beneath a link'):
        unpack_into(tmp_path, entry("b", kind=tarfile.DIRTYPE), link, entry("a/x", data=b"x"))


def test_refuses_a_hard_link_to_a_link(tmp_path):
    with pytest.raises(InvalidError, match='"h" links to "s"'):
        unpack_into(
            tmp_path,
            entry("f", data=b"x"),
            entry("s", kind=tarfile.SYMTYPE, link="f"),
            entry("h", kind=tarfile.LNKTYPE, link="s"),
        )


def test_refuses_links_that_only_together_lead_outside(tmp_path):
    folder = tmp_path / "inside"

    with pytest.raises(InvalidError, match='"t" links outside'):
        unpack_into(
            folder,
            entry("a/b/up", kind=tarfile.SYMTYPE, link="../.."),
            entry("t", kind=tarfile.SYMTYPE, link="a/b/up/../x"),
        )


def test_refuses_a_folder_that_becomes_a_file(tmp_path):
    with pytest.raises(InvalidError, match='"a" is both a folder'):
        unpack_into(tmp_path, entry("a/b", data=b"x"), entry("a", data=b"y"))


def test_refuses_more_bytes_than_the_limit_before_writing_them(tmp_path):
    with pytest.raises(InvalidError, match='"big" makes the archive larger than 10 bytes'):
        unpack_into(tmp_path, entry("big", data=bytes(11)), limits=Limits(total_bytes=10))

    assert not (tmp_path / "big").exists()


def test_refuses_more_entries_than_the_limit(tmp_path):
    with pytest.raises(InvalidError, match='"b" is one more than the 1 entries'):
        unpack_into(tmp_path, entry("a"), entry("b"), limits=Limits(entries=1))


def test_refuses_an_absurd_declared_size(tmp_path):
    info = tarfile.TarInfo("huge")
    info.size = 1 << 50

    with pytest.raises(InvalidError, match='"huge" makes the archive larger'):
        unpack(Body(info.tobuf(tarfile.GNU_FORMAT)), tmp_path)


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_says_that_an_archive_is_cut_short(tmp_path, cut):
    data = packed(entry("a", data=os.urandom(4000)))

    with pytest.raises(InvalidError, match="the archive is not a complete tar"):
        unpack(Body(data[: len(data) - cut]), tmp_path)


def test_says_that_an_archive_is_cut_between_entries(tmp_path):
    data = packed(entry("a", data=bytes(512)), entry("b", data=b"x" * 512), mode="w")

    with pytest.raises(InvalidError) as refused:
        unpack(Body(data[: 4 * 512]), tmp_path)

    assert refused.value.why == "its end is missing"


def test_does_not_inflate_endless_padding(tmp_path):
    packed_end = gzip.compress(bytes(80 << 20))

    with pytest.raises(InvalidError) as refused:
        unpack(Body(packed_end), tmp_path)

    assert refused.value.why == "its end is missing"


def test_says_that_a_checksum_is_wrong(tmp_path):
    data = bytearray(packed(entry("a", data=b"x")))
    data[-8] ^= 1

    with pytest.raises(InvalidError, match="the archive is not a complete tar"):
        unpack(Body(bytes(data)), tmp_path)


@given(st.lists(st.binary(max_size=3000), max_size=5), st.integers(1, 2000))
def test_how_the_bytes_come_does_not_matter(tmp_path_factory, contents, size):
    folder = tmp_path_factory.mktemp("unpacked")
    entries = [entry(str(number), data=data) for number, data in enumerate(contents)]

    unpack(Dripping(packed(*entries), size), folder)

    assert [(folder / str(n)).read_bytes() for n in range(len(contents))] == contents


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8b\x08broken", bytes(300)])
def test_says_that_something_is_no_archive(tmp_path, data):
    with pytest.raises(InvalidError, match="the archive is not a complete tar"):
        unpack(Body(data), tmp_path)


def test_says_why_the_disk_refused():
    with pytest.raises(FailedError, match="cannot unpack the archive"), damaged("bad"):
        raise OSError(28, "No space left on device")
