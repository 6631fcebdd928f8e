"""What all tests share: the command line options and the profiles of the property tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", deadline=None, max_examples=5000)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the golden files from what the code makes now",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that share one real rack from top to bottom; all others in any order.

    A rack is too dear to be made for each test, and what one does to it the next one sees.
    """
    shared = [i for i in items if {"docker", "e2e"} & set(i.path.parts)]
    files = {path: number for number, path in enumerate(dict.fromkeys(i.path for i in shared))}
    ordered = iter(sorted(shared, key=lambda i: (files[i.path], i.location[1] or 0)))
    chosen = set(shared)
    items[:] = [next(ordered) if item in chosen else item for item in items]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))
