"""Tokens that open a rack for a time: JWT, HS256 only, with the incumbent's claims.

A provider makes them, a server checks them; the signing key is the provider's to keep. Other
algorithms, `none` among them, are refused before anything is computed.

Source: wire.md section 2; RFC 7515, RFC 7519.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from convox.core.errors import InvalidError, NotFoundError, UnauthenticatedError

ROLES = {"read": "r", "write": "rw"}
"""The role asked for, and how the claims spell it."""

_HEADER = {"alg": "HS256", "typ": "JWT"}
_LONGEST_HOURS = 24 * 366 * 10
_HOURS = re.compile(r"\d{1,9}", re.ASCII)


class Keys(Protocol):
    """Where the signing key is kept; both calls are safe from any thread."""

    def load(self) -> bytes:
        """Return the key that signs now; cheap, called on each request that brings a token."""
        ...

    def rotate(self) -> None:
        """Replace the key; every token made before ends."""
        ...


@dataclass(frozen=True)
class Claims:
    """What a token says of its bearer."""

    user: str
    role: str
    """`r` or `rw`."""


def new_key() -> bytes:
    """Return a new signing key."""
    return secrets.token_bytes(32)


def issue(key: bytes, *, role: str, hours: str, now: datetime) -> str:
    """Return a token for `read` or `write` that lasts `hours`, a decimal number as text.

    Raises:
        InvalidError: the role is another word.
        NotFoundError: the hours are no whole number above zero; 404 as the incumbent answers.
    """
    if role not in ROLES:
        raise InvalidError(f'invalid role: "{role}" is neither read nor write')
    if not _HOURS.fullmatch(hours) or not 0 < int(hours) <= _LONGEST_HOURS:
        raise NotFoundError("invalid duration")
    expires = int((now + timedelta(hours=int(hours))).timestamp())
    claims = {"expiresAt": expires, "role": ROLES[role], "user": f"system-{role}"}
    signed = f"{_encode(_HEADER)}.{_encode(claims)}"
    return f"{signed}.{_text(_signature(key, signed))}"


def verify(key: bytes, token: str, *, now: datetime) -> Claims:
    """Return what a token claims.

    Raises:
        UnauthenticatedError: it is not ours, was changed, or is over.
    """
    signed, _, signature = token.rpartition(".")
    header, _, payload = signed.partition(".")
    if _decode(header).get("alg") != _HEADER["alg"]:
        raise _refused("signing method is not HS256")
    if not hmac.compare_digest(_signature(key, signed), _bytes(signature)):
        raise _refused("signature is invalid")
    claims = _decode(payload)
    expires = claims.get("expiresAt")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise _refused("token has no expiry")
    if now.timestamp() >= expires:
        raise _refused("token is expired")
    return Claims(user=str(claims.get("user", "")), role=str(claims.get("role", "")))


def _signature(key: bytes, signed: str) -> bytes:
    return hmac.new(key, signed.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def _encode(value: dict[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _decode(text: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(text))
    except (ValueError, RecursionError) as e:
        raise _refused("token is malformed") from e
    if not isinstance(value, dict):
        raise _refused("token is malformed")
    return value


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except ValueError as e:
        raise _refused("token is malformed") from e


def _refused(why: str) -> UnauthenticatedError:
    return UnauthenticatedError("invalid authentication", why=why)
