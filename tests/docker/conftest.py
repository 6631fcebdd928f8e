"""Tests that need a Docker engine: marked as such, and each file kept on one worker.

Whatever a test makes in the engine must bear the label that `engine_label` returns; the fixture
removes what a failed test left behind, and nothing else.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator

import pytest


def docker(*words: str, check: bool = True) -> str:
    """Run the docker command and return what it printed."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        pytest.fail(f"docker {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = __file__.rsplit("/", 1)[0]
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.docker)
            if item.get_closest_marker("xdist_group") is None:
                item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(scope="session")
def engine() -> str:
    """The version of the engine that answers; the tests fail without one, they do not skip."""
    return docker("version", "--format", "{{.Server.Version}}")


@pytest.fixture(scope="module")
def engine_label(engine: str) -> Iterator[str]:
    """A label for what the tests of one file make; all that bears it goes at the end."""
    assert engine
    label = f"convox.test={uuid.uuid4().hex[:12]}"
    yield label
    for kind, listing, removal in (
        ("container", ["ps", "-aq"], ["rm", "-fv"]),
        ("network", ["network", "ls", "-q"], ["network", "rm"]),
        ("volume", ["volume", "ls", "-q"], ["volume", "rm", "-f"]),
        ("image", ["image", "ls", "-q"], ["image", "rm", "-f"]),
    ):
        left = docker(*listing, "--filter", f"label={label}").split()
        if left:
            docker(*removal, *dict.fromkeys(left), check=kind != "image")
