from __future__ import annotations

from pathlib import Path

from convox.cli.commands import COMMANDS, FLAGS
from convox.cli.reference import render_markdown


def test_every_command_and_flag_is_on_the_page() -> None:
    page = render_markdown()

    assert [row[0] for row in COMMANDS if f"### convox {row[0]}\n" not in page] == []
    used = {name for row in COMMANDS for name in row[4].split()}
    assert [name for name in used if f"--{FLAGS[name][0]}" not in page] == []
    assert used == set(FLAGS)


def test_the_page_that_is_kept_is_the_page_that_is_made(root: Path) -> None:
    assert (root / "docs" / "reference" / "cli.md").read_text() == render_markdown()
