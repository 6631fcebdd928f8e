"""The rack's own certificate authority, and the certificate of its API.

Made once at install. The authority signs what the router hands out for apps; the API's
certificate is the one that the CLI pins. Keys are written with mode 0600 and never leave the
folder. May not replace what is there: a pinned certificate must stay.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=3652)
_CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True)
class Files:
    """Where the certificates of a rack are, in PEM."""

    folder: Path

    @property
    def root(self) -> Path:
        """Certificate of the authority; what a browser may be told to trust."""
        return self.folder / "root.crt"

    @property
    def root_key(self) -> Path:
        """Key of the authority."""
        return self.folder / "root.key"

    @property
    def api(self) -> Path:
        """Certificate of the API; what the CLI pins."""
        return self.folder / "api.crt"

    @property
    def api_key(self) -> Path:
        """Key of the API's certificate."""
        return self.folder / "api.key"


def make(files: Files, rack: str, names: tuple[str, ...], now: datetime) -> None:
    """Make the authority and the API's certificate if they are not there.

    Args:
        files: where to write.
        rack: whose authority it is; becomes part of its name.
        names: host names and addresses at which the API answers.
        now: validity begins an hour before.
    """
    if files.api.exists() and files.root.exists():
        return
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    root_key, root = _authority(rack, now)
    api_key, api = _leaf(names, root_key, root, now)
    for path, key in ((files.root_key, root_key), (files.api_key, api_key)):
        _write(path, _key_pem(key), 0o600)
    for path, certificate in ((files.root, root), (files.api, api)):
        _write(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _authority(rack: str, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    # A part of the key in the name keeps authorities of racks of one name apart in a trust store.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = _name(f"Convox rack {rack} {mark.digest.hex()[:8]}")
    usage = _usage(digital_signature=True, key_cert_sign=True)
    certificate = (
        _builder(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(mark, critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _leaf(
    names: tuple[str, ...],
    root_key: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
    now: datetime,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        _builder(_name("Convox rack API"), root.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(
            x509.SubjectAlternativeName([_alternative(n) for n in names]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return key, certificate


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFE)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    temporary.replace(path)
