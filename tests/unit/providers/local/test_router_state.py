"""What the router's folder holds."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from convox.providers.local.caddy import Frontage, Route, configuration, slots
from convox.providers.local.router_state import State, StateFiles, replace

FRONT = Frontage("r", 443, 5443, "10.9.0.0/16", "10.9.255.192/26")
WEB = Route(("a-web.r.localhost",), ("10.9.0.2:3000",), owner="a/web", sources=("10.9.0.0/26",))
STATE = State({"a": (WEB,)}, {"convox.r.a": ("web.a.r.convox",)})


def test_what_is_written_is_read(tmp_path: Path):
    StateFiles(tmp_path, FRONT).write(STATE)

    assert StateFiles(tmp_path, FRONT).read() == STATE


def test_the_configuration_on_disk_is_the_one_to_load(tmp_path: Path):
    config = StateFiles(tmp_path, FRONT).write(STATE)

    assert (tmp_path / "caddy.json").read_bytes() == config
    assert json.loads(config) == configuration(FRONT, [WEB])


def test_slots_hold_the_upstreams(tmp_path: Path):
    StateFiles(tmp_path, FRONT).write(STATE)

    found = {path.name: path.read_text() for path in (tmp_path / "upstreams").iterdir()}
    assert found == slots([WEB])


def test_slots_stay_until_they_are_swept(tmp_path: Path):
    files = StateFiles(tmp_path, FRONT)
    files.write(STATE)

    files.write(State())
    kept = len(list((tmp_path / "upstreams").iterdir()))
    files.sweep(State())

    assert kept == len(slots([WEB]))
    assert list((tmp_path / "upstreams").iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"routes": 1}', '{"routes": {"a": [{"x": 1}]}}'])
def test_what_is_broken_is_nothing(tmp_path: Path, text: str):
    (tmp_path / "routes.json").write_text(text)

    assert StateFiles(tmp_path, FRONT).read() == State()


def test_nothing_written_is_nothing(tmp_path: Path):
    assert StateFiles(tmp_path, FRONT).read() == State()


def test_a_file_is_replaced_and_never_changed(tmp_path: Path):
    path = tmp_path / "file"
    replace(path, b"old")
    with path.open("rb") as reader:
        replace(path, b"new")

        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_same_content_leaves_a_file_alone(tmp_path: Path):
    path = tmp_path / "file"
    replace(path, b"same")
    before = path.stat().st_ino

    replace(path, b"same")

    assert path.stat().st_ino == before
