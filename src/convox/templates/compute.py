"""The compute stack: cluster, pools of instances, balancers, and the API as a service of its own.

The API runs as any service would: a task with its own group, a read-only root, no capabilities,
an image by digest. Its password reaches it by reference; nothing here holds a secret.
"""

from __future__ import annotations

import json

from convox.templates.balancers import (
    API_PORT,
    api_balancer,
    api_subnets,
    certificate_parameter,
    records,
    router,
    routers,
)
from convox.templates.capacity import pool, pools
from convox.templates.groups import group
from convox.templates.model import GetAtt, Output, Parameter, Ref, Resource, Template, Value
from convox.templates.network import outward, prefix_list_parameters
from convox.templates.spec import Part, Spec, subnets, subnets_parameter, template

API_CPU, API_MEMORY = 256, 512
_SETTINGS = (
    "BuildCpu",
    "BuildMemory",
    "Domain",
    "LogRetention",
    "Tenancy",
)
"""Options that the API itself goes by."""


def compute_stack(spec: Spec) -> Template:
    """Return what runs, and what can be reached from outside."""
    parts = [_parameters(spec), _cluster(spec), *(pool(spec, one) for one in pools(spec))]
    parts += [_api(spec), api_balancer(spec), *(router(spec, one) for one in routers(spec))]
    if spec.options.text("HostedZone"):
        parts.append(records(spec))
    return template(spec, "instances, balancers and API", *parts)


def _parameters(spec: Spec) -> Part:
    ours = {
        "ApiImageDigest": Parameter(
            "String", "digest of the API's image", pattern="sha256:[0-9a-f]{64}"
        ),
        "InstanceSecurityGroup": Parameter("AWS::EC2::SecurityGroup::Id", "group of the instances"),
        "KeyArn": Parameter("String", "key of the rack's data"),
        "PasswordArn": Parameter("String", "secret with the password of the API"),
        "VpcId": Parameter("AWS::EC2::VPC::Id", "the network of the rack"),
    }
    if spec.options.text("NatGateways") == "none":
        kind = "AWS::EC2::SecurityGroup::Id"
        ours["EndpointSecurityGroup"] = Parameter(kind, "group of the interface endpoints")
    kinds = {"Instance", "Task", api_subnets(spec), *(one.subnets for one in routers(spec))}
    networks = {n: p for kind in sorted(kinds) for n, p in subnets_parameter(kind).items()}
    return Part(
        parameters={
            **ours,
            **networks,
            **certificate_parameter(spec),
            **prefix_list_parameters(spec),
        }
    )


def _cluster(spec: Spec) -> Part:
    cluster = Resource(
        "AWS::ECS::Cluster",
        {
            "ClusterName": f"{spec.names.prefix}-rack",
            "ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}],
        },
    )
    association = Resource(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        {
            "Cluster": Ref("Cluster"),
            "CapacityProviders": [Ref(f"{one.logical}Capacity") for one in pools(spec)],
            "DefaultCapacityProviderStrategy": [
                {"CapacityProvider": Ref("AppsCapacity"), "Weight": 1}
            ],
        },
    )
    return Part(
        {"Cluster": cluster, "ClusterCapacity": association},
        outputs={"ClusterName": Output(Ref("Cluster"), "cluster of the rack")},
    )


def _api(spec: Spec) -> Part:
    rules = outward(spec, "the API calls AWS", Ref("EndpointSecurityGroup"))
    return Part(
        {
            "ApiLogs": _api_logs(spec),
            "ApiSecurity": group("API of the rack", Ref("VpcId"), egress=rules),
            "ApiTask": _api_task(spec),
            "ApiService": _api_service(spec),
        },
        outputs={"ApiServiceName": Output(GetAtt("ApiService", "Name"), "service of the API")},
    )


def _api_logs(spec: Spec) -> Resource:
    return Resource(
        "AWS::Logs::LogGroup",
        {
            "LogGroupName": f"{spec.names.prefix}-rack-api",
            "RetentionInDays": spec.options.number("LogRetention"),
            "KmsKeyId": Ref("KeyArn"),
        },
        keep="replaced",
    )


def _api_task(spec: Spec) -> Resource:
    return Resource(
        "AWS::ECS::TaskDefinition",
        {
            "Family": f"{spec.names.prefix}-rack-api",
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["EC2"],
            "TaskRoleArn": spec.names.role("api"),
            "ExecutionRoleArn": spec.names.role("api-execution"),
            "Volumes": [{"Name": "scratch"}],
            "ContainerDefinitions": [_api_container(spec)],
        },
        # To deregister one takes a right on those of the whole account, so nobody has it.
        keep="always",
    )


def _api_container(spec: Spec) -> dict[str, Value]:
    registry = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
    return {
        "Name": "api",
        "Image": f"{registry}/{spec.names.prefix}-rack@${{ApiImageDigest}}",
        "Cpu": API_CPU,
        "Memory": API_MEMORY,
        "Essential": True,
        "User": "1000:1000",
        "ReadonlyRootFilesystem": True,
        "DockerSecurityOptions": ["no-new-privileges"],
        "LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}, "InitProcessEnabled": True},
        "MountPoints": [{"ContainerPath": "/tmp", "SourceVolume": "scratch"}],  # noqa: S108
        "PortMappings": [{"ContainerPort": API_PORT, "Protocol": "tcp"}],
        "Environment": [{"Name": n, "Value": v} for n, v in _environment(spec).items()],
        "Secrets": [{"Name": "PASSWORD", "ValueFrom": Ref("PasswordArn")}],
        "StopTimeout": 60,
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": Ref("ApiLogs"),
                "awslogs-region": Ref("AWS::Region"),
                "awslogs-stream-prefix": "service",
                "mode": "non-blocking",
            },
        },
    }


def _environment(spec: Spec) -> dict[str, Value]:
    settings = {name: spec.options.text(name) for name in _SETTINGS if spec.options.text(name)}
    return {
        "PREFIX": spec.names.prefix,
        "PROVIDER": "aws",
        "RACK": spec.names.rack,
        "SETTINGS": json.dumps(settings, sort_keys=True),
        "VERSION": spec.options.text("Version"),
    }


def _api_service(spec: Spec) -> Resource:
    wanted = 2 if spec.options.on("HighAvailability") else 1
    return Resource(
        "AWS::ECS::Service",
        {
            "ServiceName": f"{spec.names.prefix}-api",
            "Cluster": Ref("Cluster"),
            "TaskDefinition": Ref("ApiTask"),
            "DesiredCount": 0 if spec.retiring else wanted,
            "CapacityProviderStrategy": [{"CapacityProvider": Ref("AppsCapacity"), "Weight": 1}],
            "DeploymentConfiguration": {
                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                "MaximumPercent": 200,
                "MinimumHealthyPercent": 100,
            },
            "EnableECSManagedTags": True,
            "PropagateTags": "SERVICE",
            "HealthCheckGracePeriodSeconds": 60,
            "LoadBalancers": [
                {
                    "ContainerName": "api",
                    "ContainerPort": API_PORT,
                    "TargetGroupArn": Ref("ApiTargets"),
                }
            ],
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "AssignPublicIp": "DISABLED",
                    "SecurityGroups": [GetAtt("ApiSecurity", "GroupId")],
                    "Subnets": subnets("Task"),
                }
            },
            "PlacementStrategies": [
                {"Type": "spread", "Field": "attribute:ecs.availability-zone"},
                {"Type": "binpack", "Field": "MEMORY"},
            ],
        },
        depends_on=("ApiListener", "ClusterCapacity"),
    )
