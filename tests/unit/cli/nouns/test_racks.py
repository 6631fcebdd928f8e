from __future__ import annotations

import json
from pathlib import Path

import pytest

from convox.cli.nouns.racks import _chosen
from convox.core.errors import ConvoxError
from tests.unit.cli.driver import offline


def write(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name.replace("_", "-")).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("wanted", "chosen"), [("prod", "prod"), ("acme/prod", "acme/prod"), ("stag", "acme/staging")]
)
def test_an_exact_name_wins_over_a_part(wanted: str, chosen: str) -> None:
    assert _chosen(wanted, ["acme/prod", "acme/staging", "prod", "prod-2"]) == chosen


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("none", "could not find rack: none"), ("prod", "ambiguous rack name: prod")],
)
def test_no_name_and_several_are_errors(wanted: str, message: str) -> None:
    with pytest.raises(ConvoxError, match=message):
        _chosen(wanted, ["acme/prod", "other/prod"])


def test_a_rack_that_does_not_answer_is_unknown(tmp_path: Path) -> None:
    folder = write(tmp_path, self_managed={"dev": "localhost:1"}, auth={"localhost:1": "x"})

    ran = offline("racks", settings=folder)

    assert (ran.code, ran.out) == (0, "NAME  STATUS\ndev   unknown\n")
    assert json.loads(offline("racks", "--json", settings=folder).out) == [
        {"name": "dev", "status": "unknown"}
    ]


def test_switching_to_a_rack_of_ones_own_makes_its_host_current(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        self_managed={"dev": "localhost:1", "two": "localhost:2"},
        host="localhost:1",
        auth={"localhost:1": "x", "localhost:2": "y"},
    )

    ran = offline("switch", "two", settings=folder)

    assert ran.out == "Switched to two\n"
    assert (folder / "host").read_text() == "localhost:2"
    assert json.loads((folder / "racks").read_text()) == {"localhost:2": "two"}
    assert offline("switch", settings=folder).out == "two\n"


def test_racks_takes_no_rack(tmp_path: Path) -> None:
    assert offline("racks", "-r", "x", settings=tmp_path).err == "ERROR: unknown flag: -r\n"
