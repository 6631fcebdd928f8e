"""Who is asking: a password or a token in basic authentication, and what it may do.

Verifying a password is slow on purpose, so a credential that was right is remembered as an HMAC
under a key of this process, tied to the stored hash that it matched: replace the hash and it is
forgotten. Wrong ones are not remembered. This module does not know HTTP beyond the header.

Source: wire.md section 2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, unquote_plus

from convox.api.operations import Operation
from convox.core import tokens
from convox.core.clock import Clock
from convox.core.errors import DeniedError, UnauthenticatedError
from convox.core.passwords import verify_password
from convox.core.tokens import Keys

_REMEMBERED = 64
_TOKEN_USER = "jwt"  # noqa: S105  a user name


@dataclass(frozen=True)
class Actor:
    """Who a request is from; role `r` or `rw`."""

    name: str
    role: str

    def authorize(self, operation: Operation) -> None:
        """Return if the role allows `operation`, sockets no less than the rest.

        Raises:
            DeniedError: it does not.
        """
        needed = "r" if operation.reads else "w"
        if needed not in self.role:
            raise DeniedError("you are unauthorized to access this")


class Auth(Protocol):
    """Answers who sent an `Authorization` header."""

    def recall(self, authorization: str) -> Actor | None:
        """Return the actor if that takes no time, None if `verify` must be asked.

        Raises:
            UnauthenticatedError: it is certain that this opens nothing.
        """
        ...

    def verify(self, authorization: str) -> Actor:
        """Return the actor; may take tenths of a second, safe on any thread.

        Raises:
            UnauthenticatedError: the credential opens nothing.
        """
        ...


class PasswordAuth:
    """Passwords kept as hashes, and tokens signed with the rack's key.

    Args:
        hashes: the stored hashes, one or two while a password is being changed; called on each
            request, so it must be cheap. No hash at all lets nobody in by password.
        keys: where the key that signs tokens is kept.
        clock: for the expiry of tokens.
    """

    def __init__(self, hashes: Callable[[], Sequence[str]], keys: Keys, clock: Clock) -> None:
        self._hashes = hashes
        self._keys = keys
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._remembered: dict[bytes, str] = {}

    def recall(self, authorization: str) -> Actor | None:
        """Answer tokens and remembered passwords at once."""
        user, password = _credentials(authorization)
        if user == _TOKEN_USER:
            claims = tokens.verify(self._keys.load(), password, now=self._clock.now())
            return Actor(claims.user or _TOKEN_USER, claims.role)
        stored = self._remembered.get(self._digest(password))
        return Actor("password", "rw") if stored and stored in self._hashes() else None

    def verify(self, authorization: str) -> Actor:
        """Compare a password with every stored hash, as sent and percent-decoded."""
        _, password = _credentials(authorization)
        for stored in self._hashes():
            # The existing client sends what it escaped for a URL, so `/` may arrive as `%2F`.
            spellings = dict.fromkeys((password, unquote(password), unquote_plus(password)))
            if any(verify_password(spelling, stored) for spelling in spellings):
                self._remember(password, stored)
                return Actor("password", "rw")
        raise UnauthenticatedError("invalid authentication")

    def _remember(self, password: str, stored: str) -> None:
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[self._digest(password)] = stored

    def _digest(self, password: str) -> bytes:
        data = password.encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, data, hashlib.sha256).digest()


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except ValueError as e:
        raise UnauthenticatedError("invalid authentication") from e
    user, colon, password = decoded.decode("utf-8", "surrogateescape").partition(":")
    if scheme.lower() != "basic" or not colon:
        raise UnauthenticatedError("invalid authentication")
    return user, password
