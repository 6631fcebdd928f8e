"""The password and the signing key of a rack, kept in its store, the password as a hash only.

Cheap to ask at each request: what the store has is read once. `Credentials` is the `Keys` that
the server's tokens need, and the system's calls rotate through it.
"""

from __future__ import annotations

import base64
from threading import Lock
from typing import Protocol

from convox.core.errors import ConflictError, InvalidError
from convox.core.passwords import hash_password, verify_password
from convox.core.tokens import new_key

_PASSWORD = "password.hash"  # noqa: S105  the name of a setting
_NEXT = "password.next"
_KEY = "token.key"
_SHORTEST = 8


class Values(Protocol):
    """Named texts; the store's `Settings` is one."""

    def find(self, name: str) -> str | None:
        """Return a value, or None when it was never set."""
        ...

    def put(self, name: str, value: str) -> None:
        """Set a value."""
        ...

    def delete(self, name: str) -> bool:
        """Forget a value; False if there was none."""
        ...


class Credentials:
    """What opens one rack; any thread may use it."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._lock = Lock()
        self._hashes: tuple[str, ...] | None = None
        self._key = b""

    def hashes(self) -> tuple[str, ...]:
        """Return the hashes of the passwords that open the rack."""
        with self._lock:
            if self._hashes is None:
                found = (self._values.find(_PASSWORD), self._values.find(_NEXT))
                self._hashes = tuple(filter(None, found))
            return self._hashes

    def set_password(self, password: str) -> None:
        """Replace the password; the one before opens nothing from now on."""
        stored = hash_password(check_password(password))
        with self._lock:
            self._only(stored)

    def propose(self, password: str) -> None:
        """Let `password` open the rack too, instead of one that was proposed and not confirmed."""
        stored = hash_password(check_password(password))
        with self._lock:
            self._values.put(_NEXT, stored)
            self._hashes = None

    def confirm(self, password: str) -> None:
        """Let the proposed password alone open the rack; `password` shows that it is known.

        Raises:
            ConflictError: nothing is proposed, or another password is.
        """
        with self._lock:
            stored = self._values.find(_NEXT)
            if stored is None and self._is_current(password):
                return
            if stored is None or not verify_password(password, stored):
                raise ConflictError(
                    "cannot confirm the password",
                    why="it is not the one that was proposed last",
                    fix="convox rack password rotate",
                )
            self._only(stored)

    def load(self) -> bytes:
        """Return the key that signs tokens, made when it is first asked for."""
        with self._lock:
            if not self._key:
                stored = self._values.find(_KEY)
                self._key = base64.b64decode(stored) if stored else self._renew()
            return self._key

    def rotate(self) -> None:
        """Replace the key; every token made before ends."""
        with self._lock:
            self._key = self._renew()

    def _only(self, stored: str) -> None:
        # In this order a kill in between leaves one that is known.
        self._values.put(_PASSWORD, stored)
        self._values.delete(_NEXT)
        self._hashes = (stored,)

    def _is_current(self, password: str) -> bool:
        stored = self._values.find(_PASSWORD)
        return stored is not None and verify_password(password, stored)

    def _renew(self) -> bytes:
        key = new_key()
        self._values.put(_KEY, base64.b64encode(key).decode())
        return key


def check_password(password: str) -> str:
    """Return `password` if a rack may have it.

    Raises:
        InvalidError: it is too short, or a client could not send it; the message does not hold it.
    """
    if len(password) < _SHORTEST or not all("!" <= letter <= "~" for letter in password):
        why = f"expected at least {_SHORTEST} printable ASCII characters without spaces"
        raise InvalidError("Password= is not allowed", why=why)
    return password
