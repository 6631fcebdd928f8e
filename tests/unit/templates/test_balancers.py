"""P6 over the grid: the listeners and openings are those that options asked for, no other."""

from __future__ import annotations

from convox.templates.balancers import API_PORT, api_subnets, certificate, routers
from convox.templates.model import Ref
from tests.unit.templates.worlds import grid, named, of_type, spec


def expected_listeners(options) -> set[tuple[str, int]]:
    wanted = {("ApiBalancer", 443)}
    if not options.on("InternalOnly"):
        wanted |= {("RouterBalancer", 80), ("RouterBalancer", 443)}
    if options.on("Internal"):
        wanted |= {("InternalRouterBalancer", 80), ("InternalRouterBalancer", 443)}
    return wanted


def test_listeners_are_exactly_those_asked_for():
    for one, made in grid():
        found = of_type(made["rack-compute"], "ElasticLoadBalancingV2::Listener").values()
        ports = {(r.properties["LoadBalancerArn"].name, r.properties["Port"]) for r in found}
        assert ports == expected_listeners(one.options)
        assert len(ports) == len(found)


def test_every_opening_from_outside_is_on_a_balancer_and_names_the_option():
    for _, made in grid():
        compute = made["rack-compute"]
        for name, one in of_type(compute, "EC2::SecurityGroup").items():
            for rule in one.properties.get("SecurityGroupIngress", []):
                assert name in ("ApiBalancerSecurity", "RouterSecurity", "InternalRouterSecurity")
                assert rule["FromPort"] == rule["ToPort"]
                assert rule["FromPort"] in (80, 443)
                assert "asked by" in rule["Description"]
                assert "=" in rule["Description"] or "WhiteList" in rule["Description"]


def test_behind_the_edge_only_the_api_balancer_reaches_the_api_on_its_port():
    for _, made in grid():
        [one] = of_type(made["rack-compute"], "EC2::SecurityGroupIngress").values()
        assert one.properties["SourceSecurityGroupId"].name == "ApiBalancerSecurity"
        assert one.properties["GroupId"].name == "ApiSecurity"
        assert (one.properties["FromPort"], one.properties["ToPort"]) == (API_PORT, API_PORT)


def test_a_private_api_is_on_an_internal_balancer_in_private_subnets():
    for one, made in grid():
        api = made["rack-compute"].resources["ApiBalancer"].properties
        private = one.options.on("PrivateApi")
        assert api["Scheme"] == ("internal" if private else "internet-facing")
        assert api["Subnets"] == Ref("TaskSubnets" if private else "PublicSubnets")


def test_a_white_list_is_all_that_reaches_a_public_api():
    rules = named("largest")["rack-compute"].resources["ApiBalancerSecurity"].properties

    assert {rule["CidrIp"] for rule in rules["SecurityGroupIngress"]} == {
        "198.51.100.0/24",
        "203.0.113.7/32",
    }


def test_internal_balancers_answer_the_vpc_only():
    rules = named("largest")["rack-compute"].resources["InternalRouterSecurity"].properties

    assert {rule["CidrIp"] for rule in rules["SecurityGroupIngress"]} == {"10.0.0.0/16"}


def test_a_router_answers_404_until_an_app_adds_a_rule():
    listener = named("default")["rack-compute"].resources["RouterListener"].properties

    [action] = listener["DefaultActions"]
    assert action["FixedResponseConfig"]["StatusCode"] == "404"


def test_which_routers_and_which_subnets_follow_from_options():
    assert [one.name for one in routers(spec({}))] == ["Router"]
    inner = spec({"Internal": "Yes", "InternalOnly": "Yes"})
    assert [(one.name, one.subnets) for one in routers(inner)] == [("InternalRouter", "Task")]
    assert api_subnets(spec({"PrivateApi": "Yes"})) == "Task"


def test_a_named_certificate_is_used_and_asked_for_otherwise():
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b"

    assert certificate(spec({"Certificate": arn})) == arn
    assert certificate(spec({})) == Ref("CertificateArn")


def test_records_are_made_in_a_zone_of_the_account():
    made = named("largest")["rack-compute"].resources

    assert made["ApiRecord"].properties["Name"] == "rack.apps.example.com"
    assert made["AppsRecord"].properties["Name"] == "*.apps.example.com"
