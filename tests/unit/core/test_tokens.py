"""Tokens, made and checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core import tokens
from convox.core.errors import InvalidError, NotFoundError, UnauthenticatedError

KEY = b"k" * 32
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def sign(header, claims, key=KEY):
    signed = f"{part(header)}.{part(claims)}"
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


HEADER = {"alg": "HS256", "typ": "JWT"}
CLAIMS = {"user": "system-read", "role": "r", "expiresAt": int(NOW.timestamp()) + 60}


def test_the_claims_are_those_of_the_incumbent():
    token = tokens.issue(KEY, role="write", hours="2", now=NOW)

    header, claims, _ = token.split(".")
    decoded = [json.loads(base64.urlsafe_b64decode(p + "==")) for p in (header, claims)]
    expires = int((NOW + timedelta(hours=2)).timestamp())
    assert decoded == [
        HEADER,
        {"user": "system-write", "role": "rw", "expiresAt": expires},
    ]


def test_a_token_made_elsewhere_with_the_key_is_taken():
    assert tokens.verify(KEY, sign(HEADER, CLAIMS), now=NOW) == tokens.Claims("system-read", "r")


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (sign(HEADER, CLAIMS, key=b"other"), "signature is invalid"),
        (sign({"alg": "none"}, CLAIMS), "signing method is not HS256"),
        (f"{part({'alg': 'none'})}.{part(CLAIMS)}.", "signing method is not HS256"),
        (sign({"alg": "HS512"}, CLAIMS), "signing method is not HS256"),
        (sign({"alg": "hs256"}, CLAIMS), "signing method is not HS256"),
        (sign({}, CLAIMS), "signing method is not HS256"),
        (sign(HEADER, CLAIMS | {"expiresAt": int(NOW.timestamp())}), "token is expired"),
        (sign(HEADER, {"role": "rw"}), "token has no expiry"),
        (sign(HEADER, CLAIMS | {"expiresAt": "never"}), "token has no expiry"),
        (sign(HEADER, CLAIMS | {"expiresAt": True}), "token has no expiry"),
        (sign(HEADER, ["rw"]), "token is malformed"),
        ("", "token is malformed"),
        ("a.b", "token is malformed"),
        ("é.é.é", "token is malformed"),
    ],
)
def test_another_token_is_refused_with_its_reason(token, why):
    with pytest.raises(UnauthenticatedError) as caught:
        tokens.verify(KEY, token, now=NOW)

    assert caught.value.wire == f"invalid authentication: {why}"


def test_a_changed_claim_breaks_the_signature():
    header, _, signature = sign(HEADER, CLAIMS).split(".")
    forged = f"{header}.{part(CLAIMS | {'role': 'rw'})}.{signature}"

    with pytest.raises(UnauthenticatedError, match="invalid authentication"):
        tokens.verify(KEY, forged, now=NOW)


@given(st.text())
def test_any_text_is_refused_and_never_breaks(text):
    with pytest.raises(UnauthenticatedError):
        tokens.verify(KEY, text, now=NOW)


@pytest.mark.parametrize("hours", ["", "0", "-1", "1.5", "soon", "٣", "9" * 12, "1 "])
def test_no_time_is_an_invalid_duration(hours):
    with pytest.raises(NotFoundError, match="invalid duration"):
        tokens.issue(KEY, role="read", hours=hours, now=NOW)


def test_an_unknown_role_is_named():
    with pytest.raises(InvalidError, match='"admin"'):
        tokens.issue(KEY, role="admin", hours="1", now=NOW)


def test_new_keys_are_long_and_differ():
    first, second = tokens.new_key(), tokens.new_key()

    assert first != second
    assert len(first) >= 32
