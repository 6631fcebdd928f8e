"""The authority of a rack and the certificate of its API."""

from __future__ import annotations

import ipaddress
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from convox.providers.local.certificates import Files, make

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = ("localhost", "127.0.0.1", "::1")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path / "pki")
    make(made, "r", NAMES, NOW)
    return made


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_api_is_signed_by_the_authority(files: Files):
    read(files.api).verify_directly_issued_by(read(files.root))


def test_the_api_answers_to_each_name(files: Files):
    extension = read(files.api).extensions.get_extension_for_class(x509.SubjectAlternativeName)

    assert extension.value.get_values_for_type(x509.DNSName) == ["localhost"]
    assert extension.value.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]


def test_the_keys_belong_to_the_certificates(files: Files):
    for key, certificate in ((files.root_key, files.root), (files.api_key, files.api)):
        private = load_pem_private_key(key.read_bytes(), None)

        assert private.public_key() == read(certificate).public_key()


def test_keys_are_for_the_owner_alone(files: Files):
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (files.root_key, files.api_key)]

    assert modes == [0o600, 0o600]
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_both_last_for_ten_years_and_bear_a_slow_clock(files: Files):
    for path in (files.root, files.api):
        certificate = read(path)

        assert certificate.not_valid_before_utc == NOW - timedelta(hours=1)
        assert certificate.not_valid_after_utc - NOW > timedelta(days=3650)


def test_the_authority_signs_no_further_than_one_more_authority(files: Files):
    constraints = read(files.root).extensions.get_extension_for_class(x509.BasicConstraints)
    leaf = read(files.api).extensions.get_extension_for_class(x509.BasicConstraints)

    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (
        True,
        True,
        1,
    )
    assert leaf.value.ca is False


def test_what_is_there_is_kept(files: Files):
    before = {path.name: path.read_bytes() for path in files.folder.iterdir()}

    make(files, "r", NAMES, NOW + timedelta(days=1))

    assert {path.name: path.read_bytes() for path in files.folder.iterdir()} == before
