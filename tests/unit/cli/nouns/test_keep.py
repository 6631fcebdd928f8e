"""Which rack of this machine a command about keeping means; tests/docker has the rest."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.driver import offline


def test_with_no_rack_here_none_can_be_meant(tmp_path: Path) -> None:
    ran = offline(
        "rack", "backup", str(tmp_path / "f"), settings=tmp_path, CONVOX_STATE=str(tmp_path)
    )

    assert ran.code == 1
    assert "which rack?: no rack is installed here" in ran.err


def test_of_several_racks_one_must_be_named(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "racks" / name).mkdir(parents=True)

    ran = offline(
        "rack", "backup", str(tmp_path / "f"), settings=tmp_path, CONVOX_STATE=str(tmp_path)
    )

    assert "the racks here are one, two" in ran.err
    assert "--rack NAME" in ran.err


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("no backup")

    ran = offline(
        "rack", "restore", str(tmp_path / "f"), settings=tmp_path, CONVOX_STATE=str(tmp_path)
    )

    assert ran.code == 1
    assert "is no usable backup" in ran.err
    assert not (tmp_path / "racks").exists()
