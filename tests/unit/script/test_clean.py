"""Taking away: nothing is removed that another part still needs."""

from __future__ import annotations

import pytest

from script.support import clean
from script.support.steps import StopError


def test_a_rack_that_cannot_be_uninstalled_stops_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    command = tmp_path / "convox"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setattr(clean, "CONVOX", command)
    monkeypatch.setattr(clean.venv, "ensure", lambda _lock: None)

    with pytest.raises(StopError, match="mend that and run script/demo --clean again"):
        clean.uninstall("demo", known=True)


def test_a_rack_that_nobody_knows_is_not_uninstalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean, "run", lambda *_args: pytest.fail("ran something"))

    clean.uninstall("demo", known=False)


def test_only_what_bears_the_racks_label_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def answer(argv: list[str]) -> tuple[int, str, str]:
        asked.append(argv)
        return 0, "", ""

    monkeypatch.setattr(clean, "answer", answer)

    clean.sweep("demo")

    assert asked
    assert all("label=convox.rack=demo" in a or "reference=convox/demo/*" in a for a in asked)


def test_the_docker_commands_folder_goes_only_when_nothing_else_is_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".docker"
    folder.mkdir()
    (folder / ".buildNodeID").write_text("x")
    (folder / "config.json").write_text("{}")

    clean.forget_builder()
    kept = sorted(path.name for path in folder.iterdir())
    (folder / "config.json").unlink()
    clean.forget_builder()

    assert kept == [".buildNodeID", "config.json"]
    assert not folder.exists()
