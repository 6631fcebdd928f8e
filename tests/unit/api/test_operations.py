"""The table that is derived from the contract."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.api.operations import Kind, find, operations
from convox.core.errors import InvalidError


def found(method, path):
    operation, variables = find(method, path)
    return operation.name, variables


@pytest.mark.parametrize(
    ("method", "path", "name", "variables"),
    [
        ("GET", "/apps", "app_list", {}),
        ("GET", "/apps/web", "app_get", {"name": "web"}),
        ("GET", "/apps/web/builds/B1.tgz", "build_export", {"app": "web", "id": "B1"}),
        ("GET", "/apps/web/builds/B1", "build_get", {"app": "web", "id": "B1"}),
        ("POST", "/apps/web/builds/import", "build_import", {"app": "web"}),
        ("POST", "/apps/web/objects/", "object_store", {"app": "web", "key": ""}),
        ("GET", "/apps/web/objects//tmp/x", "object_fetch", {"app": "web", "key": "tmp/x"}),
        ("HEAD", "/apps/web/objects/a/b", "object_exists", {"app": "web", "key": "a/b"}),
        ("DELETE", "/registries/r.example/team", "registry_remove", {"server": "r.example/team"}),
        ("OPTIONS", "/resources", "system_resource_types", {}),
        ("SOCKET", "/apps/web/logs", "app_logs", {"name": "web"}),
        ("GET", "/apps/a%20b", "app_get", {"name": "a b"}),
        ("GET", "/apps/a%2Flogs", "app_get", {"name": "a/logs"}),
        ("GET", "/apps/a%252F", "app_get", {"name": "a%2F"}),
        ("POST", "/apps/a/objects/x%0Ay", "object_store", {"app": "a", "key": "x\ny"}),
    ],
)
def test_a_request_finds_its_operation(method, path, name, variables):
    assert found(method, path) == (name, variables)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/apps/"),
        ("GET", "//apps"),
        ("GET", "/apps//builds"),
        ("PATCH", "/apps"),
        ("get", "/apps"),
        ("GET", "/racks"),
        ("GET", "/apps/web/logs"),
        ("GET", "/system/logsx"),
        ("GET", "/systemx"),
    ],
)
def test_another_request_finds_nothing(method, path):
    assert find(method, path) is None


def test_an_escape_that_is_not_utf8_is_refused():
    with pytest.raises(InvalidError, match="invalid name"):
        find("GET", "/apps/%ff")


def test_the_dot_of_the_archive_is_a_dot():
    assert found("GET", "/apps/web/builds/B1xtgz")[0] == "build_get"


def test_every_operation_has_a_permission_and_a_summary():
    for operation in operations().values():
        assert re.fullmatch(r"[a-z]+(:[a-z]+)+", operation.permission), operation.name
        assert operation.summary, operation.name


def test_every_operation_that_changes_something_has_an_event():
    silent = [o.name for o in operations().values() if not o.reads and not o.event]

    assert silent == []


def test_a_shell_a_tunnel_and_files_are_beyond_a_read_token():
    kinds = (Kind.SHELL, Kind.TUNNEL, Kind.UPLOAD)

    assert not any(o.reads for o in operations().values() if o.kind in kinds)
    assert not operations()["files_download"].reads


def test_no_two_operations_share_a_route():
    routes = [(o.method, o.path) for o in operations().values()]

    assert len(set(routes)) == len(routes)


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "SOCKET"]), st.text())
def test_any_path_is_routed_refused_or_unknown(method, rest):
    try:
        result = find(method, "/apps/" + rest)
    except InvalidError:
        return

    assert result is None or result[0].method == method
