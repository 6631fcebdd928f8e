from __future__ import annotations

import json
from pathlib import Path

from convox import __version__
from tests.fakes.wire_server import Answer
from tests.unit.cli.driver import OURS, convox, offline


def test_without_a_rack_there_is_no_server(tmp_path: Path) -> None:
    ran = offline("version", settings=tmp_path)

    assert (ran.code, ran.out) == (0, f"client: {__version__}\nserver: none\n")
    as_json = offline("version", "--json", settings=tmp_path)
    assert json.loads(as_json.out) == {"client": __version__, "server": None}


def test_a_rack_that_refuses_leaves_the_clients_line() -> None:
    ran = convox("version", answers={"GET /system": Answer(401, b"invalid authentication\n")})

    assert (ran.code, ran.out) == (1, f"client: {__version__}\n")
    assert ran.err == "ERROR: invalid authentication\n"


def test_both_are_printed() -> None:
    ran = convox("version", "--json")

    assert json.loads(ran.out)["server"] == OURS["version"]
