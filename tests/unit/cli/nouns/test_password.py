"""What is refused before a password is replaced; tests/docker replaces one on a rack."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.driver import convox, offline


def test_a_password_that_could_not_be_kept_is_not_rotated() -> None:
    ran = convox("rack", "password", "rotate")

    assert ran.code == 1
    assert "RACK_URL is set: the new password could not be kept" in ran.err
    assert ran.requests == []


def test_a_rack_behind_a_console_is_refused(tmp_path: Path) -> None:
    (tmp_path / "host").write_text("console.invalid")
    (tmp_path / "auth").write_text(json.dumps({"console.invalid": "key"}))

    ran = offline("rack", "password", "rotate", "-r", "org/dev", settings=tmp_path)

    assert ran.code == 1
    assert "through a console" in ran.err
