"""The systemd unit of a rack."""

from __future__ import annotations

from pathlib import Path

from convox.providers.local import service_unit
from convox.providers.local.layout import Layout

STATE = Path("/var/lib/convox")
LAYOUT = Layout(STATE / "racks" / "r", "r")


def test_the_unit_runs_the_rack_with_its_folder():
    text = service_unit.unit_text(LAYOUT, STATE, "/opt/convox/bin/python")

    assert text == (
        "[Unit]\n"
        "Description=Convox rack r\n"
        "After=docker.service network-online.target\n"
        "Wants=docker.service network-online.target\n"
        "\n"
        "[Service]\n"
        "ExecStart=/opt/convox/bin/python -P -m convox.server.local r\n"
        "Environment=CONVOX_STATE=/var/lib/convox\n"
        "Restart=always\n"
        "RestartSec=1\n"
        "KillMode=mixed\n"
        "TimeoutStopSec=30\n"
        "NoNewPrivileges=yes\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def test_words_that_a_unit_would_read_otherwise_are_quoted():
    text = service_unit.unit_text(LAYOUT, Path("/a b/50%/$x"), '/o"pt/python')

    assert 'ExecStart="/o\\"pt/python" -P' in text
    assert 'Environment="CONVOX_STATE=/a b/50%%/$$x"' in text


def test_each_rack_has_its_unit():
    assert service_unit.unit_name("staging") == "convox-staging.service"


def test_without_a_unit_there_is_nothing_to_remove(tmp_path: Path):
    assert not service_unit.exists(LAYOUT, tmp_path)

    service_unit.remove(LAYOUT, tmp_path)


def test_a_unit_that_was_written_exists(tmp_path: Path):
    (tmp_path / "convox-r.service").write_text("[Unit]\n")

    assert service_unit.exists(LAYOUT, tmp_path)
