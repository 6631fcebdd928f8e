"""Passwords at rest."""

from __future__ import annotations

import re

import pytest

from convox.core.passwords import generate, hash_password, verify_password


@pytest.mark.parametrize("password", ["", "correct horse", "é" * 100, "a\udcffb"])
def test_a_password_verifies_and_another_does_not(password):
    stored = hash_password(password)

    assert verify_password(password, stored)
    assert not verify_password(password + "x", stored)


def test_two_hashes_of_one_password_differ_and_hold_none_of_it():
    first, second = hash_password("hunter2"), hash_password("hunter2")

    assert first != second
    assert "hunter2" not in first


@pytest.mark.parametrize("stored", ["", "plain", "md5$1$2$3$4$5", "scrypt$14$8$1$!$!"])
def test_what_is_no_hash_is_an_error_and_never_a_match(stored):
    with pytest.raises(ValueError):
        verify_password("plain", stored)


def test_generated_passwords_need_no_escaping():
    first, second = generate(), generate()

    assert re.fullmatch("[A-Za-z0-9]{30}", first)
    assert first != second
