"""Passwords at rest: scrypt with a salt of its own, as one line of text.

Hashing takes tens of milliseconds on purpose; whoever verifies on each request caches what was
verified (server/auth.py). Nothing here stores or logs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string

_LOG_N, _R, _P = 14, 8, 1
_ALPHABET = string.ascii_letters + string.digits


def generate(length: int = 30) -> str:
    """Return a new password of letters and digits, which no URL needs to escape."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def hash_password(password: str) -> str:
    """Return `scrypt$LOGN$R$P$SALT$HASH`, safe to store."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _LOG_N, _R, _P)
    return "$".join(("scrypt", str(_LOG_N), str(_R), str(_P), _text(salt), _text(digest)))


def verify_password(password: str, stored: str) -> bool:
    """Tell whether `password` is the one that was hashed; constant time in the digest.

    Raises:
        ValueError: `stored` was not made by `hash_password`.
    """
    scheme, log_n, r, p, salt, digest = stored.split("$")
    if scheme != "scrypt":
        raise ValueError(f"unknown password scheme {scheme}")
    found = _scrypt(password, _bytes(salt), int(log_n), int(r), int(p))
    return hmac.compare_digest(found, _bytes(digest))


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    data = password.encode("utf-8", "surrogateescape")
    limit = 256 * r * (1 << log_n)
    return hashlib.scrypt(data, salt=salt, n=1 << log_n, r=r, p=p, maxmem=limit, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
