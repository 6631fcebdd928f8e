from __future__ import annotations

import base64

import pytest

from convox.api.types import RegistryAddOptions
from convox.core.errors import InvalidError, NotFoundError
from convox.providers.local.registries import Registries, registry_of
from convox.providers.local.store import open_store
from tests.fakes.build_clock import FixedClock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rack.db"


@pytest.fixture
def registries(path):
    store = open_store(path, FixedClock())
    yield Registries(store)
    store.close()


def add(registries, server, username="user", password="s3cret"):
    options = RegistryAddOptions(server=server, username=username, password=password)
    return registries.registry_add(options)


def test_lists_what_was_added_without_passwords(registries):
    add(registries, "b.example")
    added = add(registries, "a.example", "me")

    listed = registries.registry_list()

    assert [(known.server, known.username) for known in listed] == [
        ("a.example", "me"),
        ("b.example", "user"),
    ]
    assert {added.password, *(known.password for known in listed)} == {""}


def test_adding_again_replaces(registries):
    add(registries, "a.example")
    add(registries, "a.example", "other", "new")

    assert registries.auth_for("a.example/x") == {"username": "other", "password": "new"}


def test_removes_once(registries):
    add(registries, "a.example/team")

    registries.registry_remove("a.example/team")

    assert registries.registry_list() == ()
    with pytest.raises(NotFoundError, match=r"registry not found: a\.example/team"):
        registries.registry_remove("a.example/team")


@pytest.mark.parametrize(("server", "username"), [("", "u"), (" ", "u"), ("https://", "u")])
def test_refuses_a_blank_server(registries, server, username):
    with pytest.raises(InvalidError, match="registry server can not be blank"):
        add(registries, server, username)


def test_refuses_a_blank_user(registries):
    with pytest.raises(InvalidError, match=r"username of registry a\.example can not be blank"):
        add(registries, "a.example", "")


@pytest.mark.parametrize(
    ("ref", "host"),
    [
        ("httpd:2.4", "docker.io"),
        ("team/app", "docker.io"),
        ("docker.io/team/app", "docker.io"),
        ("index.docker.io/team/app", "docker.io"),
        ("ghcr.io/team/app:1", "ghcr.io"),
        ("localhost/app", "localhost"),
        ("localhost:5000/app", "localhost:5000"),
        ("Registry.Example/app@sha256:00", "registry.example"),
    ],
)
def test_knows_whose_an_image_is(ref, host):
    assert registry_of(ref) == host


@pytest.mark.parametrize(
    ("server", "ref"),
    [
        ("ghcr.io", "ghcr.io/team/app"),
        ("https://ghcr.io/v2/", "ghcr.io/team/app"),
        ("docker.io", "team/app"),
        ("https://index.docker.io/v1/", "team/app"),
    ],
)
def test_finds_the_credentials_for_an_image(registries, server, ref):
    add(registries, server)

    assert registries.auth_for(ref) == {"username": "user", "password": "s3cret"}


def test_gives_credentials_to_their_own_registry_only(registries):
    add(registries, "ghcr.io")

    assert registries.auth_for("ghcr.io.evil.example/app") is None
    assert registries.auth_for("team/app") is None


def test_writes_the_configuration_that_docker_reads(registries):
    add(registries, "docker.io")
    add(registries, "a.example")

    expected = base64.b64encode(b"user:s3cret").decode()
    assert registries.docker_config() == {
        "auths": {
            "https://index.docker.io/v1/": {"auth": expected},
            "a.example": {"auth": expected},
        }
    }
    assert set(registries.auths()) == {"https://index.docker.io/v1/", "a.example"}


def test_nobody_else_can_read_the_file_that_keeps_passwords(registries, path):
    add(registries, "a.example")

    kept = [path, *path.parent.glob("rack.db-*")]
    assert len(kept) == 3
    assert [file.stat().st_mode & 0o077 for file in kept] == [0, 0, 0]
