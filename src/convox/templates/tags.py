"""Which resource types carry tags and how, and the two tags that we set.

`convox:rack` is the fence: permissions on things that AWS names are conditioned on it. `convox:for`
says which option asked for a listener or a balancer. Types that are in neither table take no tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from convox.templates.model import Resource, Value
from convox.templates.prefix import TAG

REASON = "convox:for"
"""The tag that names the option which asked for a resource."""

LISTED = frozenset(
    {
        "AWS::CertificateManager::Certificate",
        "AWS::DynamoDB::Table",
        "AWS::EC2::EIP",
        "AWS::EC2::FlowLog",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::ECR::Repository",
        "AWS::ECS::CapacityProvider",
        "AWS::ECS::Cluster",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::IAM::Role",
        "AWS::IAM::User",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
"""Types whose `Tags` is a list of key and value."""

_NAMED = frozenset(t for t in LISTED if t.startswith("AWS::EC2::"))


def tagged(logical: str, resource: Resource, prefix: str) -> Resource:
    """Return the resource with our tags before its own, if its type takes them."""
    if resource.type not in LISTED:
        return resource
    own = resource.properties.get("Tags", {})
    tags: dict[str, Value] = {TAG: prefix, **(own if isinstance(own, Mapping) else {})}
    if resource.type in _NAMED:
        tags["Name"] = f"{prefix} {logical}"
    return replace(resource, properties={**resource.properties, "Tags": tag_list(tags)})


def tag_list(tags: Mapping[str, Value]) -> list[Value]:
    """Return tags as most types want them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
