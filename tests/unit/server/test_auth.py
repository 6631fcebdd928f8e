"""Passwords, tokens and what is remembered of them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from convox.api.operations import operations
from convox.core import tokens
from convox.core.errors import DeniedError, UnauthenticatedError
from convox.core.passwords import hash_password
from convox.server.auth import Actor, PasswordAuth
from tests.fakes.rack import FakeKeys
from tests.unit.server.raw import basic

FIRST, SECOND = hash_password("first"), hash_password("a/b@c d?é")


class Turned:
    """A clock that the test turns."""

    def __init__(self):
        self.time = datetime(2026, 1, 2, tzinfo=UTC)

    def now(self):
        return self.time


def auth(*hashes, keys=None, clock=None):
    return PasswordAuth(lambda: hashes, keys or FakeKeys(), clock or Turned())


def test_the_right_password_opens_and_is_then_remembered():
    door = auth(FIRST)

    assert door.recall(basic("first")) is None
    assert door.verify(basic("first")) == Actor("password", "rw")
    assert door.recall(basic("first")) == Actor("password", "rw")


def test_any_user_name_will_do():
    assert auth(FIRST).verify(basic("first", user="")) == Actor("password", "rw")


def test_a_wrong_password_opens_nothing_however_often():
    door = auth(FIRST)

    for _ in range(2):
        assert door.recall(basic("second")) is None
        with pytest.raises(UnauthenticatedError, match="invalid authentication"):
            door.verify(basic("second"))


def test_two_passwords_are_valid_while_one_replaces_the_other():
    door = auth(FIRST, SECOND)

    assert door.verify(basic("first"))
    assert door.verify(basic("a/b@c d?é"))


def test_a_replaced_password_is_forgotten_at_once():
    hashes = [FIRST]
    door = PasswordAuth(lambda: hashes, FakeKeys(), Turned())
    door.verify(basic("first"))

    hashes[:] = [SECOND]

    assert door.recall(basic("first")) is None
    with pytest.raises(UnauthenticatedError):
        door.verify(basic("first"))


@pytest.mark.parametrize("sent", ["a%2Fb%40c%20d%3F%C3%A9", "a%2Fb%40c+d%3F%C3%A9", "a/b@c d?é"])
def test_a_password_may_arrive_escaped_as_the_client_escapes_it(sent):
    assert auth(SECOND).verify(basic(sent)) == Actor("password", "rw")


def test_without_any_hash_nobody_gets_in():
    for password in ("", "first"):
        with pytest.raises(UnauthenticatedError):
            auth().verify(basic(password))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Bearer " + base64.b64encode(b"convox:first").decode(),
        "Basic " + base64.b64encode(b"first").decode(),
        "Basic é",
    ],
)
def test_what_is_no_basic_credential_is_refused(header):
    with pytest.raises(UnauthenticatedError, match="invalid authentication"):
        auth(FIRST).recall(header)


@pytest.mark.parametrize(("role", "spelled"), [("read", "r"), ("write", "rw")])
def test_a_token_opens_with_its_role(role, spelled):
    keys, clock = FakeKeys(), Turned()
    token = tokens.issue(keys.load(), role=role, hours="1", now=clock.now())

    actor = auth(keys=keys, clock=clock).recall(basic(token, user="jwt"))

    assert actor == Actor(f"system-{role}", spelled)


def test_a_token_ends():
    keys, clock = FakeKeys(), Turned()
    token = tokens.issue(keys.load(), role="read", hours="1", now=clock.now())
    clock.time += timedelta(hours=1)

    with pytest.raises(UnauthenticatedError) as caught:
        auth(keys=keys, clock=clock).recall(basic(token, user="jwt"))

    assert caught.value.wire == "invalid authentication: token is expired"


def test_the_password_does_not_open_for_the_user_of_tokens():
    with pytest.raises(UnauthenticatedError):
        auth(FIRST).recall(basic("first", user="jwt"))


def test_roles_are_enforced_by_permission():
    reader, writer = Actor("a", "r"), Actor("b", "rw")

    reader.authorize(operations()["app_list"])
    writer.authorize(operations()["process_exec"])
    with pytest.raises(DeniedError):
        reader.authorize(operations()["process_exec"])
    with pytest.raises(DeniedError):
        Actor("c", "").authorize(operations()["app_list"])


def test_no_more_credentials_are_remembered_than_fit():
    door = auth(FIRST)
    for i in range(100):
        door._remember(f"p{i}", FIRST)

    assert len(door._remembered) <= 64
