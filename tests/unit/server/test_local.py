"""What keeps the process of a rack from running; that it runs is tested with an engine."""

from __future__ import annotations

import json
import logging
from logging.handlers import RotatingFileHandler

import pytest

from convox.core.clock import SystemClock
from convox.providers.local import daemon
from convox.providers.local.layout import layout_of
from convox.server import local


@pytest.fixture(autouse=True)
def quiet_root():
    """Give the root logger back as it was."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    yield
    for handler in root.handlers:
        if handler not in before[1]:
            handler.close()
    root.setLevel(before[0])
    root.handlers[:] = before[1]


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVOX_STATE", str(tmp_path))
    return tmp_path


def reason(capsys) -> str:
    [line] = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["message"], told["level"]) == ("the rack cannot run", "error")
    return told["reason"]


@pytest.mark.parametrize("arguments", [[], ["one", "two"]])
def test_it_takes_exactly_one_name(arguments, capsys):
    assert local.main(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m convox.server.local NAME\n"


def test_a_name_that_no_rack_may_have_is_refused(state, capsys):
    assert local.main(["../etc"]) == 1
    assert "invalid rack name: '../etc'" in reason(capsys)
    assert list(state.iterdir()) == []


def test_a_rack_that_is_not_installed_does_not_run(state, capsys):
    assert local.main(["one"]) == 1
    told = reason(capsys)
    assert f"no rack one is installed at {state}/racks/one" in told
    assert list(state.iterdir()) == [], "asking must not make a rack"


def test_a_second_process_of_a_rack_does_not_run(state, capsys):
    layout = layout_of("one")
    layout.root.mkdir(parents=True)
    layout.database.touch()

    with daemon.locked(layout, SystemClock()):
        assert local.main(["one"]) == 1

    assert "one" in reason(capsys)
    assert layout.database.read_bytes() == b"", "the database must be left alone"


def test_the_log_is_a_file_that_is_rotated_unless_somebody_keeps_it(state, monkeypatch):
    layout = layout_of("one")
    layout.root.mkdir(parents=True)
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    local._log_to_file(layout)
    assert not layout.daemon_log.exists()

    monkeypatch.delenv("JOURNAL_STREAM")
    local._log_to_file(layout)
    logging.getLogger("convox.test").warning("loud", extra={"rack": "one"})

    line = json.loads(layout.daemon_log.read_text())
    assert (line["message"], line["rack"]) == ("loud", "one")
    [handler] = logging.getLogger().handlers
    assert isinstance(handler, RotatingFileHandler)
    assert handler.maxBytes > 0 < handler.backupCount
