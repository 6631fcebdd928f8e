from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from convox.cli.source import pack
from convox.core.errors import NotFoundError


def packed(folder: Path, manifest: str = "convox.yml") -> dict[str, tarfile.TarInfo]:
    with pack(str(folder), manifest, quick=True) as file, tarfile.open(fileobj=file) as archive:
        return {member.name: member for member in archive}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "convox.yml").write_text("services: {}\n")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "src" / "main.py").write_text("print()\n")
    (folder / "src" / "main.pyc").write_text("x")
    return folder


def test_everything_is_packed_without_owners(tree: Path) -> None:
    members = packed(tree)

    assert set(members) == {"convox.yml", "Dockerfile", "src", "src/main.py", "src/main.pyc"}
    assert {(m.uid, m.gid, m.uname, m.gname) for m in members.values()} == {(0, 0, "", "")}


def test_what_dockerignore_names_stays_here(tree: Path) -> None:
    (tree / ".dockerignore").write_text("**/*.pyc\nDockerfile\nconvox.yml\n")

    assert set(packed(tree)) == {".dockerignore", "convox.yml", "Dockerfile", "src", "src/main.py"}


def test_another_manifest_is_kept_too(tree: Path) -> None:
    (tree / "other.yml").write_text("x")
    (tree / ".dockerignore").write_text("*.yml")

    assert {"other.yml"} <= set(packed(tree, "other.yml"))


def test_links_travel_as_links_and_hard_links_as_files(tree: Path) -> None:
    (tree / "link").symlink_to("src/main.py")
    os.link(tree / "Dockerfile", tree / "hard")
    os.mkfifo(tree / "pipe")

    members = packed(tree)

    assert members["link"].issym()
    assert members["hard"].isreg()
    assert members["hard"].size == members["Dockerfile"].size
    assert "pipe" not in members


def test_a_linked_directory_is_resolved(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree)

    assert "convox.yml" in packed(tmp_path / "link")


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no such directory: .*/none"):
        pack(str(tmp_path / "none"), "convox.yml", quick=False)


def test_long_and_foreign_names_survive(tree: Path) -> None:
    name = "é" * 60 + "/" + "x" * 120
    (tree / name).parent.mkdir()
    (tree / name).write_text("deep")

    with pack(str(tree), "", quick=False) as file:
        with tarfile.open(fileobj=file) as archive:
            content = archive.extractfile(name)
            assert content is not None
            assert content.read() == b"deep"
        assert isinstance(file, io.IOBase)
