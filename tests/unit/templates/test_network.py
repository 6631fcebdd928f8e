"""P5 and P7 over the grid: data has no way out, private instances and tasks leave by NAT only."""

from __future__ import annotations

from convox.templates.model import Ref, Template
from tests.unit.templates.worlds import grid, named, of_type

ANYWHERE = "0.0.0.0/0"


def table_of(network: Template, subnet: str) -> str:
    [one] = [
        r.properties["RouteTableId"].name
        for r in of_type(network, "EC2::SubnetRouteTableAssociation").values()
        if r.properties["SubnetId"] == Ref(subnet)
    ]
    return one


def ways_out(network: Template, subnet: str) -> set[str]:
    """The kinds of way that the routes of a subnet's table have."""
    routes = [
        r.properties
        for r in of_type(network, "EC2::Route").values()
        if r.properties["RouteTableId"] == Ref(table_of(network, subnet))
    ]
    return {key for route in routes for key in route if key.endswith(("GatewayId",))}


def subnets(network: Template, kind: str) -> list[str]:
    return [name for name in of_type(network, "EC2::Subnet") if name.startswith(kind)]


def test_data_subnets_have_no_route_out_and_no_endpoint():
    for _, made in grid():
        network = made["rack-network"]
        assert subnets(network, "Data")
        for subnet in subnets(network, "Data"):
            assert table_of(network, subnet) == "DataRoutes"
            assert ways_out(network, subnet) == set()
        for one in of_type(network, "EC2::VPCEndpoint").values():
            assert Ref("DataRoutes") not in one.properties.get("RouteTableIds", [])


def test_tasks_and_private_instances_leave_by_nat_or_not_at_all():
    for spec, made in grid():
        network = made["rack-network"]
        none = spec.options.text("NatGateways") == "none"
        private = ["Task", *(["Instance"] if spec.options.on("Private") else [])]
        for subnet in [s for kind in private for s in subnets(network, kind)]:
            assert ways_out(network, subnet) == (set() if none else {"NatGatewayId"})


def test_only_public_instances_get_addresses_and_only_without_private():
    for spec, made in grid():
        for name, one in of_type(made["rack-network"], "EC2::Subnet").items():
            wanted = name.startswith("Instance") and not spec.options.on("Private")
            assert one.properties["MapPublicIpOnLaunch"] is wanted


def test_every_subnet_is_routed_by_a_table_of_ours():
    for _, made in grid():
        for subnet in of_type(made["rack-network"], "EC2::Subnet"):
            assert table_of(made["rack-network"], subnet)


def test_gateways_are_one_or_one_a_zone_or_none():
    for spec, made in grid():
        wanted = {"one": 1, "per-zone": spec.options.zones, "none": 0}
        found = of_type(made["rack-network"], "EC2::NatGateway")
        assert len(found) == wanted[spec.options.text("NatGateways")]


def test_nothing_is_let_into_an_instance():
    for _, made in grid():
        group = made["rack-network"].resources["InstanceSecurity"]
        assert "SecurityGroupIngress" not in group.properties


def test_a_vpc_has_the_tenancy_that_was_asked_for():
    assert named("dedicated")["rack-network"].resources["Vpc"].properties["InstanceTenancy"] == (
        "dedicated"
    )
    assert "Vpc" not in named("existing")["rack-network"].resources


def test_an_existing_vpc_keeps_its_gateway():
    network = named("existing")["rack-network"]

    assert of_type(network, "EC2::InternetGateway") == {}
    assert of_type(network, "EC2::VPCGatewayAttachment") == {}
    assert network.resources["PublicRoute"].properties["GatewayId"] == "igw-0123456789abcdef0"


def test_without_nat_the_rules_name_endpoints_and_not_the_world():
    for spec, made in grid():
        if spec.options.text("NatGateways") == "none" and spec.options.on("Private"):
            rules = made["rack-network"].resources["InstanceSecurity"].properties
            assert all("CidrIp" not in rule for rule in rules["SecurityGroupEgress"])


def test_flow_logs_are_made_when_asked_for():
    assert "FlowLog" not in named("default")["rack-network"].resources
    log = named("largest")["rack-network"].resources["FlowLog"]
    assert log.properties["TrafficType"] == "ALL"
