"""Routes to Caddy's configuration."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address, ip_network

from convox.providers.local import caddy
from convox.providers.local.caddy import Frontage, Json, Route, configuration, domains
from convox.providers.local.slots import SPARES, placeholder, spare

FRONT = Frontage("r", 8443, 9443, "10.9.0.0/16", "10.9.255.192/26")
WEB = Route(("a-web.r.localhost",), ("10.9.0.2:3000",), owner="a/web")


def server(config: Json, name: str) -> Json:
    found: Json = config["apps"]["http"]["servers"][name]  # type: ignore[index]
    return found


def hosts(config: Json, name: str = "https") -> list[str]:
    routes = server(config, name)["routes"]
    assert isinstance(routes, list)
    return [host for r in routes for match in r.get("match", ()) for host in match.get("host", ())]


def handler(config: Json, number: int = 0, name: str = "https") -> Json:
    routes = server(config, name)["routes"]
    assert isinstance(routes, list)
    found: Json = routes[number]["handle"][0]
    return found


def proxy(config: Json, name: str = "https") -> Json:
    """The handler that goes on to a slotted route's processes."""
    routes = handler(config, name=name)["routes"]
    assert isinstance(routes, list)
    found: Json = routes[1]["handle"][0]
    return found


def test_equal_routes_in_any_order_give_equal_configurations():
    other = Route(("b-web.r.localhost", "x.test"), ("10.9.0.3:80",), owner="b/web")
    turned = Route(("x.test", "b-web.r.localhost"), ("10.9.0.3:80",), owner="b/web")

    first = configuration(FRONT, [WEB, other])
    second = configuration(FRONT, [other, WEB])

    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert hosts(configuration(FRONT, [turned])) == hosts(configuration(FRONT, [other]))


def test_new_upstreams_leave_the_configuration_as_it_is():
    moved = Route(WEB.hosts, ("10.9.0.7:3000", "10.9.0.8:3000"), owner="a/web")
    empty = Route(WEB.hosts, (), owner="a/web")

    assert configuration(FRONT, [WEB]) == configuration(FRONT, [moved])
    assert configuration(FRONT, [WEB]) == configuration(FRONT, [empty])
    assert WEB.shape == moved.shape == empty.shape


def test_more_upstreams_than_slots_get_more_slots():
    many = Route(WEB.hosts, tuple(f"10.9.0.{n}:80" for n in range(2, 20)))

    upstreams = proxy(configuration(FRONT, [many]))["upstreams"]

    assert isinstance(upstreams, list)
    assert len(upstreams) == 24


def test_a_sticky_route_is_balanced_by_a_cookie_of_its_slots():
    routes = handler(configuration(FRONT, [WEB]))["routes"]

    assert isinstance(routes, list)
    assert routes[1]["match"][0]["vars"] == {placeholder(WEB.key, "sticky"): ["yes"]}
    balanced = routes[1]["handle"][0]
    assert balanced["load_balancing"]["selection_policy"]["policy"] == "cookie"
    assert balanced["upstreams"][0] == {"dial": placeholder(WEB.key, 0)}


def test_a_route_becomes_sticky_without_another_configuration():
    sticky = replace(WEB, sticky=True, upstreams=("10.9.0.2:80", "10.9.0.3:80"))

    assert configuration(FRONT, [sticky]) == configuration(FRONT, [WEB])


def test_without_upstreams_the_answer_is_503_with_the_owner():
    routes = handler(configuration(FRONT, [WEB]))["routes"]

    assert isinstance(routes, list)
    assert routes[0]["match"] == [{"vars": {placeholder(WEB.key, 0): ["none"]}}]
    sentence = routes[0]["handle"][0]
    assert sentence["status_code"] == 503
    assert sentence["body"] == f"{placeholder(WEB.key, 'owner')} has no running process\n"


def test_each_server_has_spare_entries_for_hosts_to_come():
    for name in ("https", "links"):
        routes = server(configuration(FRONT, []), name)["routes"]

        assert isinstance(routes, list)
        found = [r["match"][0]["vars"]["{http.request.host}"] for r in routes[:-1]]
        assert found == [[placeholder(spare(name, n), "host")] for n in range(SPARES)]


def test_a_spare_link_answers_only_at_the_address_that_it_names():
    routes = server(configuration(FRONT, []), "links")["routes"]

    assert isinstance(routes, list)
    inner = routes[0]["handle"][0]["routes"][0]
    local = {"{http.request.local.host}": [placeholder(spare("links", 0), "local")]}
    assert inner["match"] == [{"vars": local}]


def test_the_last_route_is_404_for_any_host():
    routes = server(configuration(FRONT, [WEB]), "https")["routes"]

    assert isinstance(routes, list)
    assert "match" not in routes[-1]
    assert routes[-1]["handle"][0]["status_code"] == 404


def test_exact_hosts_come_before_wildcards_and_long_before_short():
    routes = [Route(("*.x.test", "*.y.x.test", "www.x.test"), ("10.9.0.2:80",))]

    assert hosts(configuration(FRONT, routes)) == ["www.x.test", "*.y.x.test", "*.x.test"]


def test_each_scheme_has_its_transport():
    transports = [
        proxy(configuration(FRONT, [Route(WEB.hosts, WEB.upstreams, scheme)]))["transport"]
        for scheme in ("http", "https", "grpc", "secure-grpc")
    ]

    picked = [(t.get("tls"), t.get("versions")) for t in transports]  # type: ignore[attr-defined]
    insecure = {"insecure_skip_verify": True}
    assert picked == [(None, None), (insecure, None), (None, ["h2c"]), (insecure, ["2"])]


def test_open_streams_outlive_a_new_configuration():
    config = configuration(FRONT, [WEB])

    assert proxy(config)["stream_close_delay"] == "8760h"
    assert handler(config, name="api")["stream_close_delay"] == "8760h"


def test_links_are_reached_from_their_network_alone():
    link = Route(("web.a.r.convox",), WEB.upstreams, sources=("10.9.0.0/26",))
    config = configuration(FRONT, [link])
    routes = server(config, "links")["routes"]

    assert isinstance(routes, list)
    assert routes[0]["match"] == [
        {"host": ["web.a.r.convox"], "remote_ip": {"ranges": ["10.9.0.0/26"]}}
    ]
    assert hosts(config, "https") == []


def test_links_without_a_network_are_for_the_rack_and_not_for_its_published_ports():
    config = configuration(FRONT, [Route(("web.a.r.convox",), WEB.upstreams)])
    routes = server(config, "links")["routes"]

    assert isinstance(routes, list)
    match = routes[0]["match"][0]
    assert match["remote_ip"] == {"ranges": ["10.9.0.0/16"]}
    assert match["not"] == [{"remote_ip": {"ranges": ["10.9.255.192/26"]}}]


def ranges_of_the_api(front: Frontage) -> list[object]:
    policies = server(configuration(front, []), "api")["tls_connection_policies"]
    assert isinstance(policies, list)
    return [policy["match"]["remote_ip"] for policy in policies]


def test_only_links_are_answered_in_the_networks_of_apps():
    servers = configuration(FRONT, [])["apps"]["http"]["servers"]

    assert {name: server["listen"] for name, server in servers.items()} == {
        "https": [f"{FRONT.address}:443"],
        "http": [f"{FRONT.address}:8080"],
        "api": [f"{FRONT.address}:5443"],
        "links": [":80"],
    }
    assert ip_address(FRONT.address) in ip_network(FRONT.router_subnet)


def test_only_what_comes_from_loopback_gets_past_the_handshake_of_the_api():
    assert ranges_of_the_api(FRONT) == [{"ranges": ["10.9.255.192/26"]}]


def test_a_rack_that_listens_admits_all_but_its_own_containers_to_the_api():
    assert ranges_of_the_api(replace(FRONT, listens=True)) == [
        {"ranges": ["10.9.255.192/26"]},
        {"not_ranges": ["10.9.0.0/16"]},
    ]


def test_the_redirect_names_the_port_unless_it_is_443():
    def location(port: int) -> object:
        front = Frontage("r", port, 9443, "10.9.0.0/16", "10.9.255.192/26")
        return handler(configuration(front, []), name="http")["headers"]["Location"]  # type: ignore[index]

    assert location(443) == ["https://{http.request.host}{http.request.uri}"]
    assert location(8443) == ["https://{http.request.host}:8443{http.request.uri}"]


def test_only_domains_of_users_need_certificates_of_their_own():
    routes = [WEB, Route(("x.test", "*.r.localhost", "y.z.r.localhost", "web.a.r.convox"), ())]

    assert domains(FRONT, routes) == ["*.r.localhost", "x.test", "y.z.r.localhost"]


def test_certificates_are_managed_for_the_hosts_published_and_no_others():
    config = configuration(FRONT, [WEB, Route(("x.test",), ())])

    assert config["apps"]["tls"]["certificates"]["automate"] == ["*.r.localhost", "x.test"]  # type: ignore[index]


def test_keys_depend_on_hosts_and_owner_and_scheme():
    routes = [
        WEB,
        Route(("b-web.r.localhost",), (), owner="a/web"),
        Route(WEB.hosts, (), owner="b/web"),
        Route(WEB.hosts, (), "https", owner="a/web"),
    ]

    assert len({route.key for route in routes}) == 4
    assert caddy.Route(WEB.hosts, ("1.1.1.1:1",), owner="a/web").key == WEB.key
