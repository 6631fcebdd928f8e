"""How full disks are."""

from __future__ import annotations

from pathlib import Path

from convox.providers.local.disk import Disk, fullest


def test_a_disk_says_its_percentage_and_its_outputs():
    disk = Disk("/data", 86, 100)

    assert disk.percent == 86
    assert disk.outputs() == {"DiskPath": "/data", "DiskTotal": "100", "DiskUsed": "86"}


def test_folders_that_are_not_here_do_not_count(tmp_path: Path):
    found = fullest([tmp_path / "gone", tmp_path])

    assert found is not None
    assert found.path == str(tmp_path)
    assert 0 < found.used < found.total
    assert fullest([tmp_path / "gone"]) is None
