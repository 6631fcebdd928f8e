"""The demo's view of the settings: it removes its own entries and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convox.providers.local.certificates import Files
from convox.providers.local.layout import layout_of
from script.support import settings
from script.support.steps import StopError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVOX_CONFIG", str(tmp_path / "convox2"))
    (tmp_path / "convox2").mkdir()
    return tmp_path / "convox2"


def write(folder: Path, **maps: object) -> None:
    for name, value in maps.items():
        path = folder / name.replace("_", "-")
        path.write_text(value if isinstance(value, str) else json.dumps(value))


def test_the_host_of_a_rack_is_found_by_its_name(folder: Path) -> None:
    write(folder, self_managed={"demo": "localhost:5443"})

    assert settings.host_of("demo") == "localhost:5443"
    assert settings.host_of("other") == ""


def test_the_authority_of_a_rack_is_where_the_product_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVOX_STATE", str(tmp_path))
    root = Files(layout_of("demo").router / "pki").root
    root.parent.mkdir(parents=True)
    root.write_text("PEM")

    assert settings.authority_of("demo") == "PEM"


def test_nothing_is_fetched_unverified_when_there_is_no_certificate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVOX_STATE", str(tmp_path))

    with pytest.raises(StopError, match="certificate of the rack demo cannot be read"):
        settings.authority_of("demo")


def test_forget_leaves_what_belongs_to_another_rack(folder: Path) -> None:
    write(
        folder,
        self_managed={"demo": "localhost:5443", "mine": "rack.example"},
        auth={"localhost:5443": "one", "rack.example": "two"},
        certificates={"localhost:5443": "PEM"},
        host="rack.example\n",
    )

    settings.forget("demo", "localhost:5443")

    assert settings.entries("self-managed") == {"mine": "rack.example"}
    assert settings.entries("auth") == {"rack.example": "two"}
    assert (folder / "auth").stat().st_mode & 0o777 == 0o600
    assert not (folder / "certificates").exists()
    assert settings.host() == "rack.example"


def test_forget_removes_a_folder_that_held_nothing_else(folder: Path) -> None:
    write(folder, self_managed={"demo": "localhost:1"}, auth={"localhost:1": "x"})
    write(folder, host="localhost:1")

    settings.forget("demo", "localhost:1")

    assert not folder.exists()


def test_forget_without_settings_does_nothing(folder: Path) -> None:
    folder.rmdir()

    settings.forget("demo", "")

    assert not folder.exists()


def test_a_damaged_file_is_named(folder: Path) -> None:
    write(folder, auth="{not json")

    with pytest.raises(StopError, match="auth is not JSON"):
        settings.entries("auth")


def test_the_folder_of_a_rack_is_where_the_product_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVOX_STATE", str(tmp_path))

    assert settings.state_of("demo") == layout_of("demo").root
