"""The archive of the router's image."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from convox.providers.local import router_image
from convox.providers.local.router_image import Binary


@pytest.fixture
def binary(tmp_path: Path) -> Binary:
    path = tmp_path / "caddy"
    path.write_bytes(b"program" * 1000)
    return Binary(path, "digest")


@pytest.fixture
def archive(binary: Binary) -> Iterator[tarfile.TarFile]:
    file = io.BytesIO()
    router_image.write_archive(file, binary, "convox/r/router:1", "1:2", {"convox.rack": "r"})
    with tarfile.open(fileobj=file) as opened:
        yield opened


def member(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    assert found is not None
    return found.read()


def test_the_manifest_names_the_image_and_its_parts(archive: tarfile.TarFile):
    (manifest,) = json.loads(member(archive, "manifest.json"))

    assert manifest["RepoTags"] == ["convox/r/router:1"]
    assert {manifest["Config"], *manifest["Layers"]} <= set(archive.getnames())


def test_the_configuration_is_named_by_its_digest_and_names_that_of_the_layer(
    archive: tarfile.TarFile,
):
    (manifest,) = json.loads(member(archive, "manifest.json"))
    config = member(archive, manifest["Config"])
    layer = member(archive, "layer.tar")

    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    diff_ids = json.loads(config)["rootfs"]["diff_ids"]
    assert diff_ids == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]


def test_the_layer_holds_the_program_and_nothing_else(archive: tarfile.TarFile):
    with tarfile.open(fileobj=io.BytesIO(member(archive, "layer.tar"))) as layer:
        assert [(m.name, m.isdir()) for m in layer] == [("convox", True), ("caddy", False)]
        assert member(layer, "caddy") == b"program" * 1000
        assert layer.getmember("caddy").mode == 0o755


def test_the_image_runs_as_the_owner_and_bears_its_labels(archive: tarfile.TarFile):
    (manifest,) = json.loads(member(archive, "manifest.json"))
    config = json.loads(member(archive, manifest["Config"]))["config"]

    assert config["User"] == "1:2"
    assert config["Labels"] == {"convox.rack": "r"}
    assert config["Entrypoint"] == ["/caddy"]


def test_the_name_changes_with_the_program_and_the_user():
    one, two = Binary(Path("x"), "1"), Binary(Path("x"), "2")

    names = {router_image.reference("r", binary, user) for binary in (one, two) for user in "12"}

    assert len(names) == 4
    assert router_image.reference("r", one, "1") in names


def test_the_installed_program_is_found():
    binary = router_image.find_binary()

    assert binary.path.name == "caddy"
    assert os.access(binary.path, os.X_OK)
    assert binary.path.read_bytes()[:4] == b"\x7fELF"
