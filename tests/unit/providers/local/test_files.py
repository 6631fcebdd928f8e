import io
import tarfile
from pathlib import Path

import pytest

from convox.core.errors import FailedError, InvalidError, NotFoundError
from convox.providers.local.containers import ContainerSpec
from convox.providers.local.files import delete, download, upload
from tests.fakes.engine import Body, FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine()
    made.add_image("web:1")
    return made


@pytest.fixture
def id(engine: FakeEngine) -> str:
    made = engine.create(ContainerSpec(name="w", image="web:1", labels={}))
    engine.start(made)
    return made


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def tar(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Answering:
    """An engine whose archives are given, by path."""

    def __init__(self, **archives: bytes) -> None:
        self.archives = {"/" + name.replace("_", "/"): data for name, data in archives.items()}
        self.bodies: list[Body] = []
        self.put = b""

    def archive_get(self, id: str, path: str) -> Body:
        if path not in self.archives:
            raise NotFoundError(f"cannot read {path}")
        self.bodies.append(Body(self.archives[path]))
        return self.bodies[-1]

    def archive_put(self, id: str, path: str, body: Body) -> None:
        assert path == "/"
        self.put = b"".join(iter(body.read, b""))


def names(body: object) -> list[tuple[str, bytes]]:
    data = b"".join(iter(lambda: body.read(1000), b""))  # type: ignore[attr-defined]
    body.close()  # type: ignore[attr-defined]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(m.name, archive.extractfile(m).read() if m.isreg() else b"") for m in archive]  # type: ignore[union-attr]


def test_entries_get_their_full_names(tmp_path: Path) -> None:
    engine = Answering(
        srv_app=tar(
            (member("app", tarfile.DIRTYPE), b""),
            (member("app/x"), b"1" * 700),
            (member("app/d/y"), b""),
            (member("app/h", tarfile.LNKTYPE, "app/x"), b""),
        )
    )

    body = download(engine, "0" * 64, "/srv/app/", tmp_path)

    assert names(body)[:3] == [("srv/app", b""), ("srv/app/x", b"1" * 700), ("srv/app/d/y", b"")]
    assert engine.bodies[0].closed


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_and_foreign_names_get_their_full_names_too(tmp_path: Path, form: int) -> None:
    long = "n" * 150 + "é"
    engine = Answering(a=tar((member(f"a/{long}"), b"x"), form=form))

    assert names(download(engine, "0" * 64, "/a", tmp_path)) == [(f"a/{long}", b"x")]


def test_the_root_is_fetched_whole(tmp_path: Path) -> None:
    engine = Answering()
    engine.archives = {"/": tar((member("/", tarfile.DIRTYPE), b""), (member("etc/hosts"), b"h"))}

    assert names(download(engine, "0" * 64, "/", tmp_path)) == [(".", b""), ("etc/hosts", b"h")]


def test_a_symbolic_link_is_followed_under_the_name_asked_for(tmp_path: Path) -> None:
    engine = Answering(
        a_l1=tar((member("l1", tarfile.SYMTYPE, "../b/l2"), b"")),
        b_l2=tar((member("l2", tarfile.SYMTYPE, "/c/real"), b"")),
        c_real=tar((member("real"), b"yes")),
    )

    assert names(download(engine, "0" * 64, "/a/l1", tmp_path)) == [("a/l1", b"yes")]
    assert [body.closed for body in engine.bodies] == [True, True, True]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    engine = Answering(a=tar((member("a", tarfile.SYMTYPE, "a"), b"")))

    with pytest.raises(InvalidError, match="too many symbolic links: /a"):
        download(engine, "0" * 64, "/a", tmp_path)


def test_what_is_not_there_is_named_as_it_was_asked_for(
    tmp_path: Path, engine: FakeEngine, id: str
) -> None:
    with pytest.raises(NotFoundError, match=f"no such file in process {id[:12]}: /nope/"):
        download(engine, id, "/nope/", tmp_path)


@pytest.mark.parametrize("path", ["etc/hosts", "", "./x", "/a\0b"])
def test_a_path_that_is_not_absolute_is_refused(
    tmp_path: Path, engine: FakeEngine, id: str, path: str
) -> None:
    with pytest.raises(InvalidError, match="must specify an absolute path"):
        download(engine, id, path, tmp_path)


def test_an_upload_is_put_at_the_root(tmp_path: Path, engine: FakeEngine, id: str) -> None:
    data = tar((member("/opt/app/x"), b"x" * 1000), (member("/opt/app/y"), b"y"))

    upload(engine, id, Body(data), tmp_path)

    assert engine.inside[id].files == {"/opt/app/x": b"x" * 1000, "/opt/app/y": b"y"}


def test_an_upload_keeps_modes_owners_and_links(tmp_path: Path) -> None:
    engine = Answering()
    program = member("/opt/run")
    program.mode, program.uid, program.mtime = 0o755, 33, 1_700_000_000
    data = tar((program, b"x"), (member("/opt/l", tarfile.SYMTYPE, "run"), b""))

    upload(engine, "0" * 64, Body(data), tmp_path)

    with tarfile.open(fileobj=io.BytesIO(engine.put)) as archive:
        first, second = archive.getmembers()
    assert (first.name, first.mode, first.uid, first.mtime) == ("opt/run", 0o755, 33, 1_700_000_000)
    assert (second.name, second.linkname) == ("opt/l", "run")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (member("../x"), 'climbs out: "../x"'),
        (member("/opt/../../x"), "climbs out"),
        (member("/opt/l", tarfile.SYMTYPE, "../../../etc"), 'points out: "/opt/l"'),
        (member("/opt/h", tarfile.LNKTYPE, "../etc/shadow"), "climbs out"),
        (member("/dev/sda", tarfile.BLKTYPE), "device or a pipe"),
        (member("/dev/null", tarfile.CHRTYPE), "device or a pipe"),
        (member("/p", tarfile.FIFOTYPE), "device or a pipe"),
    ],
)
def test_an_upload_with_what_must_not_be_is_refused_by_name(
    tmp_path: Path, engine: FakeEngine, id: str, entry: tarfile.TarInfo, words: str
) -> None:
    with pytest.raises(InvalidError, match=words):
        upload(engine, id, Body(tar((member("/ok"), b""), (entry, b""))), tmp_path)

    assert not engine.inside[id].files


@pytest.mark.parametrize(
    "body", [b"", b"no tar at all" * 100, tar((member("/x"), b"y" * 5000))[:3000]]
)
def test_an_upload_that_is_no_whole_tar_is_refused(
    tmp_path: Path, engine: FakeEngine, id: str, body: bytes
) -> None:
    with pytest.raises(InvalidError, match="the upload is not a complete tar"):
        upload(engine, id, Body(body), tmp_path)


def test_what_follows_the_end_of_an_upload_is_read_away(tmp_path: Path) -> None:
    body = Body(tar((member("/x"), b"")) + b"\0" * 100_000)

    upload(Answering(), "0" * 64, body, tmp_path)

    assert body.read() == b""


def test_paths_are_deleted_by_the_containers_own_rm(engine: FakeEngine, id: str) -> None:
    engine.on_exec = lambda command, given: (b"", 0)

    delete(engine, id, ("/a/../b", "/-rf"))

    assert engine.sessions[0].command == ("rm", "-rf", "--", "/b", "/-rf")
    assert engine.sessions[0].closed.is_set()


@pytest.mark.parametrize("paths", [(), ("",), ("/",), ("/x", "//"), ("/x/..",)])
def test_deleting_nothing_or_the_root_is_refused(
    engine: FakeEngine, id: str, paths: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidError, match="not the root"):
        delete(engine, id, paths)

    assert not engine.sessions


@pytest.mark.parametrize("code", [126, 127])
def test_an_image_without_rm_is_told(engine: FakeEngine, id: str, code: int) -> None:
    engine.on_exec = lambda command, given: (b"OCI runtime exec failed", code)

    with pytest.raises(FailedError, match="its image has no rm command"):
        delete(engine, id, ("/x",))


def test_an_rm_that_fails_is_quoted(engine: FakeEngine, id: str) -> None:
    engine.on_exec = lambda command, given: (b"rm: cannot remove: Read-only file system\n", 1)

    with pytest.raises(FailedError) as caught:
        delete(engine, id, ("/x",))

    assert caught.value.why == "rm: cannot remove: Read-only file system"
