"""One installed rack for the end-to-end tests, used through the CLI as a person would."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.harness import BenchRack, rack
from tests.e2e.harness import Cli, write_app


@pytest.fixture(scope="session")
def e2e_rack() -> Iterator[BenchRack]:
    """A rack of its own on free ports, removed at the end."""
    with rack(f"e2e{os.getpid() % 10000}") as installed:
        yield installed


@pytest.fixture
def cli(e2e_rack: BenchRack, tmp_path: Path) -> Cli:
    """The CLI in an empty folder."""
    return Cli(e2e_rack, tmp_path)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The source of a small app in its own folder."""
    return write_app(tmp_path / "source", "first")
