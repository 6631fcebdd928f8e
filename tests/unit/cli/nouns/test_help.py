from __future__ import annotations

from pathlib import Path

from convox.cli.commands import COMMANDS
from convox.cli.nouns.help import command_help, nearest
from tests.unit.cli.driver import offline


def test_help_of_a_command_lists_its_options(tmp_path: Path) -> None:
    ran = offline("help", "scale", settings=tmp_path)

    assert ran.out.splitlines()[:5] == [
        "USAGE",
        "  convox scale [service]",
        "",
        "DESCRIPTION",
        "  scale a service",
    ]
    assert "  --app string   -a string  app name" in ran.out


def test_help_of_nothing_known_is_an_error(tmp_path: Path) -> None:
    ran = offline("help", "scle", settings=tmp_path)

    assert (ran.code, ran.err) == (
        1,
        "ERROR: unknown command: scle\ndid you mean: convox scale\n",
    )


def test_something_quite_different_points_to_the_list() -> None:
    assert nearest(["zzzzzz"]) == "see all commands: convox help"


def test_every_command_has_help() -> None:
    for row in COMMANDS:
        text = command_help(row)
        assert text.startswith(f"USAGE\n  convox {row[0]}")
        assert row[2] in text
