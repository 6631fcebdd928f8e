"""Stand-ins: their names, their digests, and the archive that the engine loads."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from script.support import images
from script.support.recipes import RECIPES
from script.support.steps import StopError


def test_there_is_a_recipe_for_exactly_what_debian_has() -> None:
    assert sorted(RECIPES) == [
        "debian:bookworm-slim",
        "httpd:2.4",
        "mariadb:10.11",
        "memcached:1.6",
        "postgres:15",
        "python:3.11-slim",
        "redis:7",
    ]


def test_an_unknown_name_is_refused_before_anything_is_done() -> None:
    with pytest.raises(StopError, match="no stand-in for 'mysql:8'; there are debian"):
        images.ensure(["python:3.11-slim", "mysql:8"])


@pytest.mark.parametrize("name", RECIPES)
def test_the_files_of_a_recipe_exist_and_what_is_run_says_how(name: str) -> None:
    for source, target, mode in RECIPES[name].files:
        text = (images.STANDINS / source).read_text()

        assert target.startswith("/usr/local/")
        assert text.startswith("#!/bin/") == (mode == "0755")


def test_a_changed_recipe_or_file_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "STANDINS", tmp_path)
    (tmp_path / "a").write_text("one")
    recipe = dataclasses.replace(RECIPES["redis:7"], files=(("a", "/a", "0644"),))
    first = images._digest(recipe)
    (tmp_path / "a").write_text("two")

    other = dataclasses.replace(recipe, packages=("redis-server", "tcl"))
    digests = {first, images._digest(recipe), images._digest(other)}

    assert len(digests) == 3


def test_the_archive_holds_the_file_system_under_its_digest_and_the_label(tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar"
    layer.write_bytes(b"a file system")

    images._pack("httpd:2.4", RECIPES["httpd:2.4"], layer, tmp_path / "image.tar")

    with tarfile.open(tmp_path / "image.tar") as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    config = json.loads(files["config.json"])
    assert json.loads(files["manifest.json"])[0]["RepoTags"] == ["httpd:2.4"]
    assert files["layer.tar"] == b"a file system"
    digest = hashlib.sha256(b"a file system").hexdigest()
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert config["config"]["Labels"] == {"convox.standin": "1"}
    assert config["config"]["StopSignal"] == "SIGWINCH"
    assert not list(tmp_path.glob("*.draft"))
