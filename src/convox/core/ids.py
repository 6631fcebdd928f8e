"""Identifiers as the wire has them: a letter and ten upper-case letters.

Source: wire.md section 6, "Identifiers and vocabularies".
"""

from __future__ import annotations

import secrets
import string


def build_id() -> str:
    """Return a new build id, `B` and ten upper-case letters."""
    return _letters("B", string.ascii_uppercase, 10)


def release_id() -> str:
    """Return a new release id, `R` and ten upper-case letters."""
    return _letters("R", string.ascii_uppercase, 10)


def request_id() -> str:
    """Return a new request id, twelve hexadecimal digits."""
    return secrets.token_hex(6)


def _letters(prefix: str, alphabet: str, count: int) -> str:
    return prefix + "".join(secrets.choice(alphabet) for _ in range(count))
