from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from convox.cli.settings import Settings
from convox.core.errors import InvalidError


def made(tmp_path: Path) -> Settings:
    return Settings({"CONVOX_CONFIG": str(tmp_path / "settings")})


def test_what_is_put_is_got_and_private(tmp_path: Path) -> None:
    settings = made(tmp_path)

    settings.put("host", "h:1\n")

    file = tmp_path / "settings" / "host"
    assert settings.get("host") == "h:1"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["host"]


def test_a_map_is_written_as_the_existing_client_writes_it(tmp_path: Path) -> None:
    settings = made(tmp_path)

    settings.put_entry("auth", "b", "2")
    settings.put_entry("auth", "a", "1")

    assert (tmp_path / "settings" / "auth").read_text() == '{\n  "a": "1",\n  "b": "2"\n}'
    assert settings.map("auth") == {"a": "1", "b": "2"}


def test_a_map_whose_last_entry_goes_is_removed(tmp_path: Path) -> None:
    settings = made(tmp_path)
    settings.put_entry("auth", "a", "1")

    settings.put_entry("auth", "other", None)
    settings.put_entry("auth", "a", None)

    assert not (tmp_path / "settings" / "auth").exists()


def test_a_file_that_is_missing_is_empty(tmp_path: Path) -> None:
    settings = made(tmp_path)
    settings.delete("nothing")

    assert (settings.get("host"), settings.map("auth")) == ("", {})


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "1"])
def test_a_damaged_map_is_named(tmp_path: Path, text: str) -> None:
    settings = made(tmp_path)
    settings.put("auth", text)

    with pytest.raises(InvalidError, match=r"damaged settings file: .*/settings/auth"):
        settings.map("auth")


def test_the_directorys_own_settings_prefer_the_newer_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".convox").mkdir()
    (tmp_path / ".convox" / "app").write_text("old\n")
    settings = made(tmp_path)
    assert settings.local("app") == "old"

    (tmp_path / ".convox2").mkdir()
    (tmp_path / ".convox2" / "app").write_text(" new \n")

    assert (settings.local("app"), settings.local("rack")) == ("new", "")


def test_the_folder_follows_xdg() -> None:
    assert Settings({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}).directory == "/x/convox2"
    assert Settings({"HOME": "/h"}).directory == "/h/.config/convox2"


def test_other_entries_are_untouched(tmp_path: Path) -> None:
    settings = made(tmp_path)
    settings.put("auth", json.dumps({"theirs": "1"}))

    settings.put_entry("auth", "ours", "2")
    settings.put_entry("auth", "ours", None)

    assert settings.map("auth") == {"theirs": "1"}
