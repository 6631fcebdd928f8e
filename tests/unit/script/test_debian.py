"""Debian packages: what is said where they cannot be installed."""

from __future__ import annotations

import os
import shutil

import pytest

from script.support import debian
from script.support.steps import StopError


def test_a_command_that_is_there_installs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "install", lambda *names: pytest.fail(f"installed {names}"))

    debian.need("sh", "dash")


def test_without_apt_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _command: None)

    with pytest.raises(StopError, match="this needs mmdebstrap git; install them by hand"):
        debian.install("mmdebstrap", "git")


def test_who_is_not_root_is_told_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda command: f"/usr/bin/{command}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(StopError, match="run it as root, or apt-get install mmdebstrap"):
        debian.install("mmdebstrap")


def test_archives_are_those_of_this_machine_and_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        "http://mirror.example/debian/|bookworm|main|Debian\n"
        "http://mirror.example/debian/|bookworm-updates|main|Debian\n"
        "http://mirror.example/debian/|trixie|main|Debian\n"
        "http://other.example/|bookworm|main|Somebody\n"
    )
    monkeypatch.setattr(debian, "answer", lambda _argv: (0, rows, ""))

    assert debian.archives() == [
        "deb http://mirror.example/debian/ bookworm main",
        "deb http://mirror.example/debian/ bookworm-updates main",
    ]
