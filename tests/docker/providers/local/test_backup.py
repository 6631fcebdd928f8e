"""Backing up a rack: what a full disk leaves, and what holds still meanwhile."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.harness import BenchRack
from tests.docker.providers.local.keep_rig import destroy, keeping
from tests.e2e.harness import Cli

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("backup")]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[BenchRack, Cli]]:
    with keeping(tmp_path) as made:
        yield made


def test_a_full_disk_leaves_no_half_of_a_backup_and_no_half_of_a_rack(kept, tmp_path):
    made, cli = kept
    file, small = tmp_path / "rack.backup", tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(small)], check=True)
    try:
        done = cli("rack", "backup", str(small / "rack.backup"), timeout_s=300)
        assert done.exit == 1
        assert "No space left on device" in done.err
        assert list(small.iterdir()) == []

        cli.ok("rack", "backup", str(file), timeout_s=300)
        destroy(made, cli)
        there = Cli(replace(made, home=small), tmp_path)
        done = there("rack", "restore", str(file), timeout_s=300)
        assert done.exit == 1
        assert "not enough space" in done.err
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
        shutil.rmtree(small)
