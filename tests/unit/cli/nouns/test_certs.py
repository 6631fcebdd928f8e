from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.driver import OK, convox

CERT = {"id": "c1", "domain": "example.org", "expiration": "0001-01-01T00:00:00Z"}


def test_ports_without_a_known_certificate_are_not_listed() -> None:
    ports = [{"balancer": 443, "certificate": "c1"}, {"balancer": 80, "certificate": "other"}]
    answers = {
        "GET /apps/a/services": [[{"name": "web", "ports": ports}, {"name": "w", "ports": None}]],
        "GET /certificates": [[CERT]],
    }

    ran = convox("ssl", "-a", "a", "--json", answers=answers)

    assert json.loads(ran.out) == [
        {"endpoint": "web:443", "certificate": "c1", "domain": "example.org"}
    ]


def test_an_older_app_can_be_shown_another_certificate() -> None:
    answers = {"GET /apps/a": {"generation": "1"}, "PUT /apps/a/ssl/web/443": OK}

    ran = convox("ssl", "update", "web:443", "c1", "-a", "a", answers=answers)
    wrong = convox("ssl", "update", "web", "c1", "-a", "a", answers=answers)

    assert ran.out == "Updating certificate... OK\n"
    assert ran.requests[-1] == "PUT /apps/a/ssl/web/443 id=c1"
    assert wrong.err == "ERROR: process:port required as first argument\n"


def test_importing_sends_the_files_as_they_are(tmp_path: Path) -> None:
    for name in ("pub", "key"):
        (tmp_path / name).write_text(f"{name}\n")

    ran = convox(
        "certs",
        "import",
        str(tmp_path / "pub"),
        str(tmp_path / "key"),
        answers={"POST /certificates": CERT},
    )

    assert ran.requests[-1] == "POST /certificates key=key%0A&pub=pub%0A"
