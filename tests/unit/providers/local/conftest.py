"""The rack in memory that the tests of the core share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.core_rig import CoreRig


@pytest.fixture
def core(tmp_path: Path) -> Iterator[CoreRig]:
    rig = CoreRig(tmp_path)
    yield rig
    rig.close()
