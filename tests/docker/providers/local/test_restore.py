"""A rack is backed up, its machine's state destroyed, and the rack restored from the file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.harness import BenchRack, free_port, wait_for
from tests.docker.providers.local.keep_rig import destroy, keeping
from tests.e2e.harness import Cli

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("restore")]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[BenchRack, Cli]]:
    with keeping(tmp_path) as made:
        yield made


def test_a_destroyed_rack_is_restored_with_its_data_env_and_certificates(kept, tmp_path):
    made, cli = kept
    file = tmp_path / "rack.backup"
    release = json.loads(cli.ok("api", "get", "/apps/shop"))["release"]
    settings = Path(made.env["CONVOX_CONFIG"])
    remembered = {path.name: path.read_bytes() for path in settings.iterdir()}
    pem = (made.folder / "router" / "pki" / "api.crt").read_bytes()

    cli.ok("rack", "backup", str(file), "--images", "--logs", timeout_s=300)
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.get("shop")[1] == "treasure hello"
    destroy(made, cli)
    for name, data in remembered.items():
        settings.mkdir(exist_ok=True)
        (settings / name).write_bytes(data)
    restored = cli.ok("rack", "restore", str(file), timeout_s=300)

    assert f"Restored {made.name}" in restored
    wait_for(lambda: made.get("shop")[1] == "treasure hello", 30)
    assert json.loads(cli.ok("api", "get", "/apps/shop"))["release"] == release
    assert (made.folder / "router" / "pki" / "api.crt").read_bytes() == pem
    assert "GREETING=hello" in cli.ok("env", "-a", "shop")


def log_in(cli: Cli, password: str) -> None:
    """Log in as somebody who was told the password and the fingerprint of the certificate."""
    pin = (cli.rack.folder / "router" / "pki" / "api.crt").read_bytes()
    words = ["openssl", "x509", "-noout", "-fingerprint", "-sha256"]
    printed = subprocess.run(words, input=pin, capture_output=True, check=True).stdout.decode()
    fingerprint = printed.strip().partition("=")[2]
    host = f"localhost:{cli.rack.api_port}"
    cli.ok("login", host, "--fingerprint", fingerprint, "--password", password)


def test_a_rack_moves_to_another_folder_and_other_ports(kept, tmp_path):
    made, cli = kept
    file = tmp_path / "rack.backup"
    password = json.loads((Path(made.env["CONVOX_CONFIG"]) / "auth").read_text())
    cli.ok("rack", "backup", str(file), "--images", timeout_s=300)
    destroy(made, cli)
    moved = replace(
        made,
        home=tmp_path / "other",
        https_port=free_port(),
        http_port=free_port(),
        api_port=free_port(),
    )
    there = Cli(moved, tmp_path)
    ports = (
        f"Port={moved.https_port}",
        f"HttpPort={moved.http_port}",
        f"ApiPort={moved.api_port}",
    )
    try:
        done = there("rack", "restore", str(file), *ports, timeout_s=300)
        assert done.exit == 0, done
        assert "log in with its password" in done.err
        wait_for(lambda: moved.get("shop")[1] == "treasure hello", 30)
        log_in(there, next(iter(password.values())))
        assert "shop" in there.ok("apps")
    finally:
        there("rack", "uninstall", "local", moved.name, "--force")


def test_a_damaged_backup_is_refused_before_anything_is_made(kept, tmp_path):
    made, cli = kept
    file = tmp_path / "rack.backup"
    cli.ok("rack", "backup", str(file), timeout_s=300)
    whole = bytearray(file.read_bytes())
    there = Cli(replace(made, home=tmp_path / "other"), tmp_path)
    cases = {
        "cut": bytes(whole[:6000]),
        "altered": bytes(whole[:5000]) + bytes([whole[5000] ^ 255]) + bytes(whole[5001:]),
        "nothing": b"",
        "else": b"not a tar at all\n" * 100,
    }
    for name, data in cases.items():
        bad = tmp_path / name
        bad.write_bytes(data)

        done = there("rack", "restore", str(bad))

        assert done.exit == 1, name
        assert "is no usable backup" in done.err, name
        assert not (tmp_path / "other" / "state").exists(), name


def test_a_rack_that_is_there_is_not_overwritten(kept, tmp_path):
    made, cli = kept
    file = tmp_path / "rack.backup"
    cli.ok("rack", "backup", str(file), timeout_s=300)

    done = cli("rack", "restore", str(file))

    assert done.exit == 1
    assert "already installed" in done.err
    assert made.get("shop")[1] == "treasure hello"


def test_a_password_is_rotated_and_the_old_one_ends(kept, tmp_path):
    made, cli = kept
    auth = Path(made.env["CONVOX_CONFIG"]) / "auth"
    before = auth.read_text()

    assert cli.ok("rack", "password", "rotate") == "Rotating password... OK\n"

    assert auth.read_text() != before
    assert "shop" in cli.ok("apps")
    auth.write_text(before)
    assert cli("apps").exit == 1
