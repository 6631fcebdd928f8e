"""The audit that tries: on a rack as it is, and on one where a wall was taken down."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from convox.core.errors import ConflictError
from convox.providers.local.audit import Tried, audit_rack
from convox.providers.local.audit_targets import Means
from tests.docker.conftest import docker
from tests.docker.providers.local.rack_rig import Bench, bench

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("audit")]


@pytest.fixture(scope="module")
def rig(tmp_path_factory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("audit")) as made:
        yield made


@pytest.fixture(scope="module")
def town(rig: Bench) -> Bench:
    for app in ("one", "two"):
        rig.create(app)
        rig.deploy(app)
    return rig


def audited(rig: Bench) -> list[Tried]:
    ports = {(app, "web"): 3000 for app in ("one", "two")}
    return audit_rack(rig.engine, rig.layout, rig.options, ports, rig.clock)


def test_a_rack_without_apps_has_nowhere_to_try_from(rig: Bench):
    with pytest.raises(ConflictError, match="nowhere to try from"):
        audited(rig)


def test_a_rack_as_it_is_has_no_hole(town: Bench):
    found = audited(town)

    assert [tried for tried in found if tried.is_hole] == []
    for app, other in (("one", "two"), ("two", "one")):
        mine = [tried for tried in found if tried.app == app]
        assert [tried.what for tried in mine if tried.means is Means.CONTROL and tried.open]
        what = {tried.what for tried in mine}
        assert f"service web of app {other}" in what
        assert f"service web of app {app}" not in what
        assert f"the name web.{other}.{town.layout.rack}.convox" in what
        assert "the rack's API at the router" in what
        assert "Docker's API" in what
        assert [text for text in what if text.endswith("on this machine's loopback")]


def test_the_audit_leaves_nothing_behind(town: Bench):
    audited(town)

    assert town.engine.containers(town.layout.labels("audit")) == []


def test_a_process_that_joined_another_apps_network_is_a_hole(town: Bench):
    network, other = town.layout.network("one"), town.containers("two")[0]
    docker("network", "connect", network, other)
    try:
        holes = [tried for tried in audited(town) if tried.is_hole]
    finally:
        docker("network", "disconnect", "-f", network, other)

    assert {(tried.app, tried.what) for tried in holes} == {("one", "service web of app two")}


def test_what_listens_on_every_address_of_this_machine_is_exposed_and_no_hole(town: Bench):
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        found = [tried for tried in audited(town) if tried.target.endswith(f":{port}")]

    assert found
    assert all(tried.means is Means.EXPOSED and not tried.is_hole for tried in found)
    assert any(tried.open for tried in found)
