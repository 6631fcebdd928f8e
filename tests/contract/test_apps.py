"""Apps, objects and the rack itself, over every implementation of the contract."""

from __future__ import annotations

import secrets

import pytest

from convox.api import types
from convox.core.errors import ConflictError, ConvoxError, NotFoundError
from tests.contract.acts import eventually
from tests.fakes.rack import Bytes


def test_a_new_app_is_running_and_has_no_release(rack, app):
    found = rack.app_get(app)

    assert (found.name, found.generation, found.release) == (app, "2", "")
    eventually(lambda: rack.app_get(app).status == "running")


def test_apps_are_listed(rack, app):
    names = [found.name for found in rack.app_list()]

    assert app in names


def test_a_taken_name_is_refused(rack, app):
    with pytest.raises(ConvoxError, match=f"app already exists: {app}"):
        rack.app_create(types.AppCreateOptions(name=app))


@pytest.mark.parametrize("name", ["", "Web", "-web", "we b", "web/x", "wéb", "a" * 200])
def test_a_name_that_cannot_be_a_host_is_refused(rack, name):
    with pytest.raises(ConvoxError):
        rack.app_create(types.AppCreateOptions(name=name))


def test_an_unknown_app_is_not_found_by_any_question(rack):
    questions = [
        lambda: rack.app_get("nobody"),
        lambda: rack.app_delete("nobody"),
        lambda: rack.app_update("nobody", types.AppUpdateOptions(lock=True)),
        lambda: rack.build_list("nobody", types.ListOptions()),
        lambda: rack.release_list("nobody", types.ListOptions()),
        lambda: rack.service_list("nobody"),
        lambda: rack.process_list("nobody", types.ProcessListOptions()),
        lambda: rack.object_list("nobody", types.ObjectListOptions()),
    ]

    for question in questions:
        with pytest.raises(NotFoundError, match="app not found: nobody"):
            question()


def test_a_deleted_app_is_gone(rack):
    name = f"t{secrets.token_hex(4)}"
    rack.app_create(types.AppCreateOptions(name=name))

    rack.app_delete(name)

    def is_gone():
        try:
            rack.app_get(name)
        except NotFoundError as e:
            return f"app not found: {name}" in e.what
        return False

    eventually(is_gone)


def test_a_locked_app_cannot_be_deleted(rack, app):
    rack.app_update(app, types.AppUpdateOptions(lock=True))

    with pytest.raises(ConvoxError, match="locked"):
        rack.app_delete(app)

    assert rack.app_get(app).locked


def test_nothing_is_cancelled_when_nothing_is_under_way(rack, app):
    with pytest.raises(ConflictError, match="app is not updating"):
        rack.app_cancel(app)


def test_an_object_comes_back_as_it_was_stored(rack, app):
    data = secrets.token_bytes(300_000)

    stored = rack.object_store(app, "tmp/some.tgz", Bytes(data))
    body = rack.object_fetch(app, "tmp/some.tgz")

    assert stored.url == f"object://{app}/tmp/some.tgz"
    assert read(body) == data


def test_an_empty_key_is_replaced_by_a_random_one(rack, app):
    first = rack.object_store(app, "", Bytes(b"1"))
    second = rack.object_store(app, "", Bytes(b"2"))

    assert first.url.startswith(f"object://{app}/tmp/")
    assert first.url != second.url


def test_an_object_may_be_empty(rack, app):
    rack.object_store(app, "tmp/empty", Bytes(b""))

    assert read(rack.object_fetch(app, "tmp/empty")) == b""


def test_keys_may_hold_what_a_path_escapes(rack, app):
    key = "tmp/a b?c#d%2Fe+f"

    rack.object_store(app, key, Bytes(b"x"))

    assert rack.object_exists(app, key)
    assert key in rack.object_list(app, types.ObjectListOptions(prefix="tmp/a"))


def test_a_deleted_object_is_gone(rack, app):
    rack.object_store(app, "tmp/x", Bytes(b"x"))

    rack.object_delete(app, "tmp/x")

    assert not rack.object_exists(app, "tmp/x")
    with pytest.raises(NotFoundError, match="object not found"):
        rack.object_fetch(app, "tmp/x")


def test_registries_are_kept_without_telling_their_password(rack):
    server = f"registry-{secrets.token_hex(3)}.example.org"
    rack.registry_add(types.RegistryAddOptions(server=server, username="u", password="hunter2"))

    found = next(r for r in rack.registry_list() if r.server == server)
    rack.registry_remove(server)

    assert (found.username, found.password) == ("u", "")
    assert server not in [r.server for r in rack.registry_list()]


def test_an_unknown_registry_cannot_be_removed(rack):
    with pytest.raises(NotFoundError, match="registry not found: nowhere"):
        rack.registry_remove("nowhere.example.org")


def test_the_rack_says_what_it_is(rack):
    system = rack.system_get()

    assert system.name
    assert system.status == "running"
    assert system.version.startswith("3."), "older versions make clients use classic routes"


@pytest.mark.parametrize("role", ["read", "write"])
def test_a_token_is_made_for_a_role(rack, role):
    options = types.SystemJwtTokenOptions(role=role, duration_in_hour="2")

    assert rack.system_jwt_token(options).token.count(".") == 2


@pytest.mark.parametrize("hours", ["", "0", "-1", "1.5", "soon", "1" * 30])
def test_a_token_for_no_time_is_refused(rack, hours):
    with pytest.raises(NotFoundError, match="invalid duration"):
        rack.system_jwt_token(types.SystemJwtTokenOptions(role="read", duration_in_hour=hours))


def test_a_token_for_an_unknown_role_is_refused(rack):
    with pytest.raises(ConvoxError, match="admin"):
        rack.system_jwt_token(types.SystemJwtTokenOptions(role="admin", duration_in_hour="1"))


def read(body):
    data = bytearray()
    while piece := body.read():
        data += piece
    body.close()
    return bytes(data)
