from __future__ import annotations

import pytest

from convox.cli.ignore import Ignore


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("node_modules", "node_modules", True),
        ("node_modules", "node_modules/a/b.js", True),
        ("node_modules", "src/node_modules", False),
        ("**/node_modules", "src/deep/node_modules/x", True),
        ("**/node_modules", "node_modules", True),
        ("*.log", "a.log", True),
        ("*.log", "dir/a.log", False),
        ("**/*.log", "dir/sub/a.log", True),
        ("dir/**", "dir/a/b", True),
        ("dir/**", "dir", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("/rooted", "rooted", True),
        ("./here/", "here/x", True),
        ("# comment\n\n  spaced  ", "spaced", True),
        ("#comment", "#comment", False),
        ("*\n!keep", "keep", False),
        ("*\n!keep", "other", True),
        ("*\n!keep\nkeep/not", "keep/not", True),
        ("dir\n!dir/keep", "dir/keep/x", False),
        ("dir\n!dir/keep", "dir/other", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("a.b", "axb", False),
        ("", "anything", False),
        (".", "anything", False),
        ("\ufeffbom", "bom", True),
    ],
)
def test_the_last_matching_pattern_decides(patterns: str, path: str, ignored: bool) -> None:
    assert Ignore(patterns).ignores(path) is ignored


def test_a_directory_with_exceptions_below_is_looked_into() -> None:
    ignore = Ignore("dir\nother\n!dir/keep")

    assert not ignore.hides("dir")
    assert ignore.hides("other")
    assert not Ignore("dir\n!**/keep").hides("dir")
