"""The engine: only a dockerd that we started, and that still is one, is ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from script.support import engine


@pytest.fixture
def pid_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(engine, "PID_FILE", tmp_path / "engine.pid")
    monkeypatch.setattr(engine, "LOG_FILE", tmp_path / "engine.log")
    return tmp_path / "engine.pid"


def test_without_a_pid_file_no_engine_is_ours(pid_file: Path) -> None:
    assert not pid_file.exists()
    assert not engine.is_ours()


@pytest.mark.parametrize("content", ["", "not a number", "own pid", "999999999"])
def test_a_pid_that_is_no_dockerd_is_not_ours_and_is_left_alone(
    pid_file: Path, content: str
) -> None:
    pid_file.write_text(content.replace("own pid", str(os.getpid())))

    engine.stop()

    assert not engine.is_ours()
    assert not pid_file.exists()
