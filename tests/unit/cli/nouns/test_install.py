from __future__ import annotations

import json
from pathlib import Path

import pytest

from convox.cli.nouns.install import forget, remember
from convox.cli.settings import Settings
from tests.unit.cli.driver import offline


class Made:
    """What an installation answers."""

    name, host, password = "dev", "localhost:5443", "secret"
    certificate_pem, url = "-----BEGIN CERTIFICATE-----\n", "https://localhost:5443"


def test_racks_on_aws_are_plainly_not_there_yet(tmp_path: Path) -> None:
    ran = offline("rack", "uninstall", "aws", "x", settings=tmp_path)

    assert ran.err == (
        "ERROR: racks on AWS cannot be installed yet\ntry one here: convox rack install local\n"
    )


@pytest.mark.parametrize("words", [("install", "gcp"), ("uninstall", "gcp", "x")])
def test_another_provider_is_unknown(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = offline("rack", *words, settings=tmp_path)

    assert ran.err.startswith("ERROR: unknown provider: gcp")


def test_a_parameter_without_a_value_is_refused(tmp_path: Path) -> None:
    ran = offline("rack", "install", "local", "Port", settings=tmp_path)

    assert ran.err == "ERROR: Key=Value expected: Port\n"


def test_uninstalling_asks_and_needs_force_without_a_terminal(tmp_path: Path) -> None:
    ran = offline("rack", "uninstall", "local", "dev", settings=tmp_path)

    assert ran.err == "ERROR: must use --force for non-interactive uninstall\n"


def test_a_first_rack_becomes_current_and_leaves_nothing_behind(tmp_path: Path) -> None:
    settings = Settings({"CONVOX_CONFIG": str(tmp_path)})

    assert remember(settings, Made()) is True
    written = {path.name for path in tmp_path.iterdir()}
    forget(settings, "dev")

    assert written == {"auth", "certificates", "self-managed", "host"}
    assert list(tmp_path.iterdir()) == []


def test_a_second_rack_touches_nothing_of_the_first(tmp_path: Path) -> None:
    settings = Settings({"CONVOX_CONFIG": str(tmp_path)})
    settings.put("host", "console.example.org")
    settings.put_entry("auth", "console.example.org", "key")

    assert remember(settings, Made()) is False
    assert json.loads((tmp_path / "auth").read_text())["localhost:5443"] == "secret"
    forget(settings, "dev")

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "host": "console.example.org",
        "auth": '{\n  "console.example.org": "key"\n}',
    }


def test_forgetting_what_was_never_there_is_nothing(tmp_path: Path) -> None:
    forget(Settings({"CONVOX_CONFIG": str(tmp_path)}), "dev")

    assert list(tmp_path.iterdir()) == []
