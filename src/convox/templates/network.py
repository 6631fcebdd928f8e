"""The network stack: VPC, subnets and routes, ways out, endpoints, flow logs, instances' group.

Data subnets have no route but the local one, whatever the options. Task subnets are private,
whatever the options. An existing VPC is never changed: subnets, tables and endpoints are added.
"""

from __future__ import annotations

from convox.templates.endpoints import GATEWAY, interface_endpoints
from convox.templates.groups import group, rule
from convox.templates.model import GetAtt, Join, Output, Parameter, Ref, Resource, Template, Value
from convox.templates.spec import Part, Spec, template

_ANYWHERE = "0.0.0.0/0"


def network_stack(spec: Spec) -> Template:
    """Return the network of a rack."""
    parts = [_vpc(spec), _subnets(spec), _private_routes(spec), _endpoints(spec)]
    if spec.options.public:
        parts.append(_public_routes(spec))
    if spec.options.text("NatGateways") != "none":
        parts.append(_nat(spec))
    if spec.options.text("FlowLogs") != "none":
        parts.append(_flow_logs(spec))
    return template(spec, "network", *parts, _instance_group(spec), _parameters(spec))


def outward(spec: Spec, why: str, endpoints: Value) -> list[dict[str, Value]]:
    """Return the egress of something that calls AWS, as narrow as the ways out allow.

    Args:
        spec: the rack.
        why: what needs it, for the rule's description.
        endpoints: the group of the interface endpoints, as this stack names it.
    """
    nat = spec.options.text("NatGateways")
    if nat != "none":
        return [rule(443, f"{why}, by NatGateways={nat}", CidrIp=_ANYWHERE)]
    lists = [
        rule(443, f"{why}, by gateway endpoint", DestinationPrefixListId=Ref(f"{name}PrefixList"))
        for name in ("S3", "DynamoDB")
    ]
    by_endpoint = f"{why}, by interface endpoint, NatGateways=none"
    return [*lists, rule(443, by_endpoint, DestinationSecurityGroupId=endpoints)]


def prefix_list_parameters(spec: Spec) -> dict[str, Parameter]:
    """Return the parameters that `outward` needs with these options."""
    if spec.options.text("NatGateways") != "none":
        return {}
    return {
        f"{name}PrefixList": Parameter(
            "String", f"prefix list of {name} in this region", pattern="pl-[0-9a-f]+"
        )
        for name in ("S3", "DynamoDB")
    }


def _vpc_id(spec: Spec) -> Value:
    return spec.options.text("ExistingVpc") or Ref("Vpc")


def _zones(spec: Spec) -> range:
    return range(spec.options.zones)


def _kinds(spec: Spec) -> list[str]:
    return [*(["Public"] if spec.options.public else []), "Instance", "Task", "Data"]


def _vpc(spec: Spec) -> Part:
    outputs = {"VpcId": Output(_vpc_id(spec), "the network of the rack")}
    if spec.options.text("ExistingVpc"):
        return Part(outputs=outputs)
    vpc = Resource(
        "AWS::EC2::VPC",
        {
            "CidrBlock": spec.options.text("VPCCIDR"),
            "EnableDnsHostnames": True,
            "EnableDnsSupport": True,
            "InstanceTenancy": spec.options.text("Tenancy"),
        },
    )
    return Part({"Vpc": vpc}, outputs=outputs)


def _parameters(spec: Spec) -> Part:
    named = spec.options.many("AvailabilityZones")
    zones = {
        f"Zone{z}": Parameter(
            "AWS::EC2::AvailabilityZone::Name",
            f"zone number {z} of the rack",
            default=named[z] if named else "",
        )
        for z in _zones(spec)
    }
    lists = prefix_list_parameters(spec) if spec.options.on("Private") else {}
    return Part(parameters={**zones, **lists})


def _subnets(spec: Spec) -> Part:
    ranges = spec.options.subnets
    resources = {
        f"{kind}{z}": Resource(
            "AWS::EC2::Subnet",
            {
                "VpcId": _vpc_id(spec),
                "AvailabilityZone": Ref(f"Zone{z}"),
                "CidrBlock": str(ranges[kind, z]),
                "MapPublicIpOnLaunch": kind == "Instance" and not spec.options.on("Private"),
            },
        )
        for kind in _kinds(spec)
        for z in _zones(spec)
    }
    outputs = {
        f"{kind}Subnets": Output(
            Join(tuple(Ref(f"{kind}{z}") for z in _zones(spec))), f"{kind.lower()} subnets"
        )
        for kind in _kinds(spec)
    }
    return Part(resources, outputs=outputs)


def _table(spec: Spec) -> Resource:
    return Resource("AWS::EC2::RouteTable", {"VpcId": _vpc_id(spec)})


def _associations(subnets: dict[str, str]) -> dict[str, Resource]:
    """Associate each subnet with the table that is its value."""
    return {
        f"{subnet}Routing": Resource(
            "AWS::EC2::SubnetRouteTableAssociation",
            {"SubnetId": Ref(subnet), "RouteTableId": Ref(table)},
        )
        for subnet, table in subnets.items()
    }


def _private_routes(spec: Spec) -> Part:
    """Route tables: one a zone for what may go out, one for data, which may not."""
    tables = {f"PrivateRoutes{z}": _table(spec) for z in _zones(spec)}
    private = ["Task", *(["Instance"] if spec.options.on("Private") else [])]
    subnets = {f"{kind}{z}": f"PrivateRoutes{z}" for kind in private for z in _zones(spec)}
    data = {f"Data{z}": "DataRoutes" for z in _zones(spec)}
    return Part({**tables, "DataRoutes": _table(spec), **_associations({**subnets, **data})})


def _public_routes(spec: Spec) -> Part:
    gateway = spec.options.text("InternetGateway")
    made = {
        "InternetGateway": Resource("AWS::EC2::InternetGateway", {}),
        "GatewayAttachment": Resource(
            "AWS::EC2::VPCGatewayAttachment",
            {"VpcId": _vpc_id(spec), "InternetGatewayId": Ref("InternetGateway")},
        ),
    }
    route = Resource(
        "AWS::EC2::Route",
        {
            "RouteTableId": Ref("PublicRoutes"),
            "DestinationCidrBlock": _ANYWHERE,
            "GatewayId": gateway or Ref("InternetGateway"),
        },
        depends_on=() if gateway else ("GatewayAttachment",),
    )
    public = ["Public", *([] if spec.options.on("Private") else ["Instance"])]
    subnets = {f"{kind}{z}": "PublicRoutes" for kind in public for z in _zones(spec)}
    own = {"PublicRoutes": _table(spec), "PublicRoute": route, **_associations(subnets)}
    return Part({**({} if gateway else made), **own})


def _nat(spec: Spec) -> Part:
    each = spec.options.text("NatGateways") == "per-zone"
    attached = () if spec.options.text("InternetGateway") else ("GatewayAttachment",)
    resources: dict[str, Resource] = {}
    for z in _zones(spec) if each else range(1):
        resources[f"NatAddress{z}"] = Resource("AWS::EC2::EIP", {"Domain": "vpc"}, attached)
        resources[f"Nat{z}"] = Resource(
            "AWS::EC2::NatGateway",
            {
                "AllocationId": GetAtt(f"NatAddress{z}", "AllocationId"),
                "SubnetId": Ref(f"Public{z}"),
            },
            ("PublicRoute", f"Public{z}Routing"),
        )
    for z in _zones(spec):
        resources[f"PrivateRoute{z}"] = Resource(
            "AWS::EC2::Route",
            {
                "RouteTableId": Ref(f"PrivateRoutes{z}"),
                "DestinationCidrBlock": _ANYWHERE,
                "NatGatewayId": Ref(f"Nat{z if each else 0}"),
            },
        )
    return Part(resources)


def _endpoints(spec: Spec) -> Part:
    tables: list[Value] = [Ref(f"PrivateRoutes{z}") for z in _zones(spec)]
    if spec.options.public:
        tables.append(Ref("PublicRoutes"))
    resources = {
        _logical(service): Resource(
            "AWS::EC2::VPCEndpoint",
            {
                "VpcId": _vpc_id(spec),
                "VpcEndpointType": "Gateway",
                "ServiceName": f"com.amazonaws.${{AWS::Region}}.{service}",
                "RouteTableIds": tables,
            },
        )
        for service in GATEWAY
    }
    services = interface_endpoints(spec)
    outputs = {}
    if services:
        resources["EndpointSecurity"] = _endpoint_group(spec)
        made = GetAtt("EndpointSecurity", "GroupId")
        outputs["EndpointSecurityGroup"] = Output(made, "group of the interface endpoints")
    interfaces = {_logical(service): _interface(spec, service) for service in services}
    return Part({**resources, **interfaces}, outputs=outputs)


def _interface(spec: Spec, service: str) -> Resource:
    return Resource(
        "AWS::EC2::VPCEndpoint",
        {
            "VpcId": _vpc_id(spec),
            "VpcEndpointType": "Interface",
            "ServiceName": f"com.amazonaws.${{AWS::Region}}.{service}",
            "PrivateDnsEnabled": True,
            "SubnetIds": [Ref(f"Task{z}") for z in _zones(spec)],
            "SecurityGroupIds": [GetAtt("EndpointSecurity", "GroupId")],
        },
    )


def _endpoint_group(spec: Spec) -> Resource:
    asked = "NatGateways=none" if spec.options.text("NatGateways") == "none" else "Endpoints"
    ranges = [str(spec.options.subnets[k, z]) for k in ("Instance", "Task") for z in _zones(spec)]
    rules = [rule(443, f"AWS services, asked by {asked}", CidrIp=one) for one in ranges]
    return group("interface endpoints of AWS services", _vpc_id(spec), rules)


def _logical(service: str) -> str:
    words = service.replace("-", ".").split(".")
    return "Endpoint" + "".join(word.capitalize() for word in words)


def _instance_group(spec: Spec) -> Part:
    """Instances are reached by nobody: tasks have interfaces and groups of their own."""
    if not spec.options.on("Private"):
        rules = [rule(443, "agents call AWS, by Private=No", CidrIp=_ANYWHERE)]
    else:
        rules = outward(spec, "agents call AWS", GetAtt("EndpointSecurity", "GroupId"))
    made = group("instances of the rack; nothing comes in", _vpc_id(spec), egress=rules)
    output = Output(GetAtt("InstanceSecurity", "GroupId"), "group of the instances")
    return Part({"InstanceSecurity": made}, outputs={"InstanceSecurityGroup": output})


def _flow_logs(spec: Spec) -> Part:
    name = f"{spec.names.prefix}-rack-flow"
    group_of_logs = Resource(
        "AWS::Logs::LogGroup",
        {
            "LogGroupName": name,
            "RetentionInDays": spec.options.number("LogRetention"),
            "KmsKeyId": Ref("KeyArn"),
        },
        keep="replaced",
    )
    log = Resource(
        "AWS::EC2::FlowLog",
        {
            "ResourceType": "VPC",
            "ResourceId": _vpc_id(spec),
            "TrafficType": spec.options.text("FlowLogs").upper(),
            "LogGroupName": Ref("FlowLogGroup"),
            "DeliverLogsPermissionArn": spec.names.role("flow-logs"),
        },
    )
    parameters = {"KeyArn": Parameter("String", "key of the rack's data")}
    return Part({"FlowLogGroup": group_of_logs, "FlowLog": log}, parameters)
