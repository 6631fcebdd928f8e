"""The rules of shape that no linter checks: sizes, mirrored tests, locks, what may be written.

An allow-list here may only shrink: an entry that is no longer needed fails the test.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("structure")  # every file is parsed once, by one worker

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "convox"

LONGEST_FUNCTION = 40
LONGEST_MODULE = 400
LONGEST_TEST_MODULE = 600

LONG_FUNCTIONS: frozenset[str] = frozenset()
"""`path:function` of functions over the limit."""
LONG_MODULES: frozenset[str] = frozenset()
"""Modules over the limit that are not literal tables."""
LITERAL_TABLES = frozenset(
    {
        "src/convox/api/rack.py",
        "src/convox/api/types.py",
        "src/convox/cli/commands.py",
        "src/convox/cli/requests.py",
        "src/convox/manifest/schema.py",
    }
)
"""Modules that are one long table, and may be as long as what they list."""
NO_TEST_OF_THEIR_OWN: frozenset[str] = frozenset()
"""Modules with code and without a mirrored test file."""

# Spelled apart, so that this file does not name what it forbids.
FORBIDDEN = {
    "a package index": re.compile(
        "pypi"
        + r"\.org|pythonhosted"
        + r"\.org|npmjs"
        + r"\.(org|com)|pkg"
        + r"\.dev|crates"
        + r"\.io"
    ),
    "a Debian archive": re.compile("(deb|security|snapshot)" + r"\.debian" + r"\.org"),
    "a path of one machine": re.compile(r"(^|[\s\"'=:(`])/(work|home/[a-z]+|root|Users)/"),
}
"""What no tracked file may hold."""


def tracked(*patterns: str) -> list[Path]:
    """The project's files: tracked by git, or new and not ignored."""
    ask = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z", *patterns]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"git ls-files: {done.stderr}")
    names = sorted(set(filter(None, done.stdout.split("\0"))))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


@functools.cache
def python_files() -> list[Path]:
    return tracked("*.py")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> list[tuple[str, int]]:
    tree = parsed(path)
    return [
        (f"{name(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def has_code(path: Path) -> bool:
    """Whether a module holds a function that does something, or a class that has one."""
    tree = parsed(path)
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def test_no_function_is_longer_than_forty_lines() -> None:
    long = {
        where
        for path in python_files()
        for where, lines in functions(path)
        if lines > LONGEST_FUNCTION
    }

    assert sorted(long) == sorted(LONG_FUNCTIONS)


def test_no_module_is_longer_than_its_limit() -> None:
    long = set()
    for path in python_files():
        limit = LONGEST_TEST_MODULE if name(path).startswith("tests/") else LONGEST_MODULE
        if len(path.read_text().splitlines()) > limit and name(path) not in LITERAL_TABLES:
            long.add(name(path))

    assert sorted(long) == sorted(LONG_MODULES)


def test_every_module_of_the_product_says_what_it_is_for() -> None:
    silent = [name(p) for p in python_files() if not ast.get_docstring(parsed(p))]

    assert [path for path in silent if path.startswith(("src/", "script/"))] == []


def test_every_module_with_code_has_its_own_test_file() -> None:
    lonely = set()
    for path in python_files():
        if SOURCE not in path.parents or not has_code(path):
            continue
        inner = path.relative_to(SOURCE)
        mirror = f"{inner.parent.as_posix()}/test_{inner.name}"
        places = [ROOT / "tests" / kind / mirror for kind in ("unit", "docker", "contract", "wire")]
        if path.name != "__init__.py" and not any(place.exists() for place in places):
            lonely.add(name(path))

    assert sorted(lonely) == sorted(NO_TEST_OF_THEIR_OWN)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in (".png", ".ico", ".gz"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if FORBIDDEN[what].search(line):
                found.append(f"{name(path)}:{number}: {line.strip()[:100]}")

    assert found == []


def pins(lock: str) -> dict[str, str]:
    """Package to version, of a lock file."""
    rows = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in rows}


def required(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", text) for text in requirements)
    return {re.sub(r"[-_.]+", "-", found.group()).lower() for found in names if found}


def test_the_lock_file_holds_every_requirement() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = required(table["dependencies"])
    for extra in table["optional-dependencies"].values():
        wanted |= required(extra)

    assert wanted - pins("requirements.lock").keys() == set()


def test_the_development_lock_adds_to_the_first_and_changes_nothing() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")

    assert {p: development.get(p) for p in runtime} == runtime
    assert required(groups["dev"]) - development.keys() == set()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_hash(lock: str) -> None:
    blocks = re.split(r"^(?=\S)", (ROOT / lock).read_text(), flags=re.MULTILINE)
    bare = [block.split()[0] for block in blocks if block.strip() and "--hash=sha256:" not in block]

    assert bare == []
