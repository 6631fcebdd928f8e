"""What the router's folder holds."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from convox.providers.local import slots
from convox.providers.local.caddy import Frontage, Route, configuration
from convox.providers.local.router_state import State, StateFiles, replace
from convox.providers.local.spares import Placement, Spare

FRONT = Frontage("r", 443, 5443, "10.9.0.0/16", "10.9.255.192/26")
WEB = Route(("a-web.r.localhost",), ("10.9.0.2:3000",), owner="a/web", sources=("10.9.0.0/26",))
STATE = State({"a": (WEB,)}, {"convox.r.a": ("web.a.r.convox",)})


def test_what_is_written_is_read(tmp_path: Path):
    StateFiles(tmp_path, FRONT).write(STATE)

    assert StateFiles(tmp_path, FRONT).read() == STATE


def test_the_configuration_on_disk_is_the_one_to_load(tmp_path: Path):
    files = StateFiles(tmp_path, FRONT)
    files.write(STATE)

    assert (tmp_path / "caddy.json").read_bytes() == files.configuration
    assert json.loads(files.configuration) == configuration(FRONT, [WEB])


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "upstreams").iterdir()}


def test_slots_hold_the_upstreams(tmp_path: Path):
    StateFiles(tmp_path, FRONT).write(STATE)

    assert content(tmp_path) == slots.contents(WEB.key, "a/web", WEB.upstreams)


def test_a_route_that_is_gone_answers_until_it_is_retired(tmp_path: Path):
    files = StateFiles(tmp_path, FRONT)
    files.write(STATE)

    files.write(State())
    before = content(tmp_path)[f"{WEB.key}.0"]
    files.retire(State())

    assert before == "10.9.0.2:3000"
    assert content(tmp_path)[f"{WEB.key}.0"] == slots.GONE


def test_what_is_wanted_is_not_retired(tmp_path: Path):
    files = StateFiles(tmp_path, FRONT)
    files.write(STATE)

    files.retire(STATE)

    assert content(tmp_path)[f"{WEB.key}.0"] == "10.9.0.2:3000"


def test_files_that_nothing_reads_are_swept(tmp_path: Path):
    files = StateFiles(tmp_path, FRONT)
    files.write(STATE)
    files.write(State())
    files.place(Placement())

    files.sweep(State(), Placement())

    assert content(tmp_path) == Placement().files()


def test_a_spare_that_was_given_out_is_written(tmp_path: Path):
    files = StateFiles(tmp_path, FRONT)
    files.write(STATE)

    files.place(Placement({}, {"spare-https-0": Spare("a-web.r.localhost", WEB, "")}))

    assert content(tmp_path)["spare-https-0.host"] == "a-web.r.localhost"
    assert content(tmp_path)["spare-https-0.11"] == "10.9.0.2:3000"


def test_new_upstreams_do_not_touch_the_configuration(tmp_path: Path):
    files = StateFiles(tmp_path, FRONT)
    files.write(STATE)
    before = (tmp_path / "caddy.json").stat().st_ino

    moved = Route(WEB.hosts, ("10.9.0.9:3000",), owner="a/web", sources=WEB.sources)
    files.write(State({"a": (moved,)}, STATE.networks))

    assert (tmp_path / "caddy.json").stat().st_ino == before
    assert content(tmp_path)[f"{WEB.key}.3"] == "10.9.0.9:3000"


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
