from ipaddress import ip_network
from pathlib import Path

import pytest

from convox.providers.local.audit_targets import Means, Town, tries
from convox.providers.local.containers import Container
from convox.providers.local.layout import Layout
from convox.providers.local.listeners import Listener
from convox.providers.local.options import RackOptions

LAYOUT = Layout(Path("/r"), "dev")
OPTIONS = RackOptions(443, 80, 5443, "10.77.0.0/16")
LOOP = Listener("127.0.0.1", 6379, "1")
WIDE = Listener("0.0.0.0", 22, "2")
ONE_ADDRESS = Listener("192.0.2.2", 8000, "3")


def container(kind: str, app: str = "", **more: str) -> Container:
    name = more.pop("address", "10.77.0.9")
    networks = {LAYOUT.network(each): name for each in ([app] if app else ["one", "two"])}
    labels = {**LAYOUT.labels(kind, app), **{f"convox.{k}": v for k, v in more.items()}}
    return Container("id", "name", "image", labels, "running", addresses=networks)


def town(*listeners: Listener, **options: str) -> Town:
    return Town(
        layout=LAYOUT,
        options=RackOptions(443, 80, 5443, "10.77.0.0/16", **options),
        networks={"one": "10.77.0.0/26", "two": "10.77.0.64/26"},
        containers=(
            container("router", address="10.77.0.2"),
            container("service", "one", service="web", address="10.77.0.3"),
            container("service", "two", service="web", address="10.77.0.67"),
            container("resource", "one", resource="db", address="10.77.1.2"),
        ),
        ports={("one", "web"): 3000, ("two", "web"): 4000, ("one", "db"): 5432},
        addresses=("192.0.2.2", "fd00::2"),
        listeners=listeners,
        holders={LOOP: "redis-server (process 7)", WIDE: "sshd (process 8)"},
    )


def targets(means: Means, *listeners: Listener, **options: str) -> dict[str, str]:
    found = tries(town(*listeners, **options), "one")
    return {each.target: each.what for each in found if each.means is means and not each.name}


def test_services_of_other_apps_and_every_resource_are_tried_at_their_ports():
    found = targets(Means.HOLE)

    assert found["10.77.0.67:4000"] == "service web of app two"
    assert found["10.77.1.2:5432"] == "resource db of app one"
    assert not [target for target in found if target.startswith("10.77.0.3:")]


def test_the_router_is_tried_inside_and_at_its_own_address():
    own = str(ip_network(OPTIONS.router_subnet)[2])
    found = targets(Means.HOLE)

    for address in ("10.77.0.2", own):
        assert found[f"{address}:5443"] == "the rack's API at the router"
        assert found[f"{address}:2019"] == "the router's admin at the router"
        assert f"{address}:443" in found


def test_one_try_must_succeed():
    assert targets(Means.CONTROL) == {"10.77.0.2:80": "links at the router"}


def test_names_of_other_apps_are_asked_of_the_router():
    names = {each.name for each in tries(town(), "one") if each.name}

    assert names == {"web.two.dev.convox", "two-web.dev.localhost"}


def test_this_machine_is_tried_at_the_gateway_and_its_addresses_of_both_families():
    found = targets(Means.HOLE, LOOP)

    for address in ("10.77.0.1", "192.0.2.2", "[fd00::2]"):
        assert found[f"{address}:6379"] == "redis-server (process 7) on this machine's loopback"
        assert found[f"{address}:2375"] == "Docker's API"
        assert found[f"{address}:5443"] == "the rack's ports on this machine"


def test_a_rack_that_listens_on_purpose_is_not_tried_for_its_published_ports():
    found = targets(Means.HOLE, listen="0.0.0.0")

    assert "192.0.2.2:443" not in found


@pytest.mark.parametrize(
    ("listener", "expected"),
    [
        (WIDE, {"10.77.0.1:22", "192.0.2.2:22", "[fd00::2]:22"}),
        (ONE_ADDRESS, {"192.0.2.2:8000"}),
        (LOOP, set()),
        (Listener("0.0.0.0", 2375, "4"), set()),
    ],
)
def test_what_listens_for_others_is_exposed_and_docker_never_only_that(listener, expected):
    assert set(targets(Means.EXPOSED, listener)) == expected
