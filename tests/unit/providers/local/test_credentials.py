"""The password and the key of a rack."""

from __future__ import annotations

import pytest

from convox.core.errors import ConflictError, InvalidError
from convox.core.passwords import verify_password
from convox.providers.local.credentials import Credentials


class Values:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.asked = 0

    def find(self, name: str) -> str | None:
        self.asked += 1
        return self.texts.get(name)

    def put(self, name: str, value: str) -> None:
        self.texts[name] = value

    def delete(self, name: str) -> bool:
        return self.texts.pop(name, None) is not None


def test_no_password_opens_a_new_rack():
    assert Credentials(Values()).hashes() == ()


def test_a_password_is_kept_as_a_hash_only():
    values = Values()

    Credentials(values).set_password("a-password")

    (stored,) = Credentials(values).hashes()
    assert verify_password("a-password", stored)
    assert "a-password" not in repr(values.texts)


def test_a_new_password_replaces_the_old():
    credentials = Credentials(Values())
    credentials.set_password("the-old-one")

    credentials.set_password("the-new-one")

    (stored,) = credentials.hashes()
    assert verify_password("the-new-one", stored)
    assert not verify_password("the-old-one", stored)


@pytest.mark.parametrize("password", ["", "short", "with space", "line\nbreak", "ümlaut-pass"])
def test_a_password_that_cannot_be_used_is_refused_and_not_repeated(password: str):
    with pytest.raises(InvalidError, match="Password= is not allowed") as caught:
        Credentials(Values()).set_password(password)

    assert not password or password not in caught.value.wire


def test_the_key_is_made_once_and_kept():
    values = Values()
    key = Credentials(values).load()

    assert len(key) == 32
    assert Credentials(values).load() == key


def test_rotating_replaces_the_key_for_good():
    values = Values()
    credentials = Credentials(values)
    before = credentials.load()

    credentials.rotate()

    assert credentials.load() != before
    assert Credentials(values).load() == credentials.load()


def test_the_store_is_asked_once():
    values = Values()
    credentials = Credentials(values)
    credentials.set_password("a-password")

    for _ in range(5):
        credentials.hashes()
        credentials.load()

    assert values.asked == 1


def opens(credentials: Credentials, password: str) -> bool:
    return any(verify_password(password, stored) for stored in credentials.hashes())


def test_a_proposed_password_opens_beside_the_old_one_until_it_is_confirmed():
    credentials = Credentials(Values())
    credentials.set_password("the-old-one")

    credentials.propose("the-new-one")
    assert opens(credentials, "the-old-one")
    assert opens(credentials, "the-new-one")

    credentials.confirm("the-new-one")
    assert not opens(credentials, "the-old-one")
    assert opens(credentials, "the-new-one")


def test_a_proposal_outlives_the_rack_process():
    values = Values()
    first = Credentials(values)
    first.set_password("the-old-one")
    first.propose("the-new-one")

    assert opens(Credentials(values), "the-old-one")
    assert opens(Credentials(values), "the-new-one")


def test_a_second_proposal_replaces_the_first():
    credentials = Credentials(Values())
    credentials.set_password("the-old-one")
    credentials.propose("the-first-try")
    credentials.propose("the-second-try")

    assert not opens(credentials, "the-first-try")
    with pytest.raises(ConflictError, match="cannot confirm"):
        credentials.confirm("the-first-try")
    assert opens(credentials, "the-old-one")


def test_confirming_again_what_is_confirmed_is_fine_and_anything_else_is_not():
    credentials = Credentials(Values())
    credentials.set_password("the-old-one")
    credentials.propose("the-new-one")
    credentials.confirm("the-new-one")

    credentials.confirm("the-new-one")

    with pytest.raises(ConflictError):
        credentials.confirm("something-else")


def test_a_password_that_no_client_could_send_is_not_proposed():
    credentials = Credentials(Values())
    credentials.set_password("the-old-one")

    with pytest.raises(InvalidError):
        credentials.propose("short")

    assert len(credentials.hashes()) == 1
