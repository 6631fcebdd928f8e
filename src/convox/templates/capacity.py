"""Instances: launch templates, Auto Scaling groups and capacity providers, for apps and builds.

Builds have a pool of their own, empty when idle, whose docker daemon has the wider seccomp profile
that a rootless builder needs; nothing else is placed there. No key pair, no port, IMDSv2 with one
hop, encrypted disks, the tenancy that was asked for.

Sources: Amazon ECS developer guide, "Amazon ECS container agent configuration" and "Increasing
Amazon ECS Linux container instance network interfaces".
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from convox.templates.model import Base64, GetAtt, Parameter, Ref, Resource, Value
from convox.templates.prefix import TAG
from convox.templates.spec import Part, Spec, subnets

MOST_INSTANCES = 100
"""Instances that scaling by itself never passes; InstanceCount may."""
MOST_BUILD_INSTANCES = 4
_FORBIDDEN_TO_BUILDS = """
    acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module
    get_kernel_syms init_module ioperm iopl kexec_file_load kexec_load lookup_dcookie nfsservctl
    open_by_handle_at perf_event_open query_module quotactl reboot request_key settimeofday stime
    swapoff swapon sysfs _sysctl uselib userfaultfd ustat vm86 vm86old
"""
"""Calls that a builder never needs; the rest is left to what its user may do."""


@dataclass(frozen=True)
class Pool:
    """Instances of one purpose."""

    name: str
    instance: str
    least: int
    most: int
    script: tuple[str, ...]

    @property
    def logical(self) -> str:
        """Beginning of the logical ids."""
        return self.name.capitalize()


def pools(spec: Spec) -> list[Pool]:
    """Return the pools of a rack; a retiring one keeps them empty."""
    count = 0 if spec.retiring else spec.options.number("InstanceCount")
    room = max(count, MOST_INSTANCES) if spec.options.on("Autoscale") else count
    builds = 0 if spec.retiring else MOST_BUILD_INSTANCES
    apps = Pool(
        "apps", spec.options.text("InstanceType"), count, 0 if spec.retiring else room + 1, ()
    )
    return [apps, Pool("builds", spec.options.text("BuildInstance"), 0, builds, _build_daemon())]


def pool(spec: Spec, one: Pool) -> Part:
    """Return the launch template, the group and the capacity provider of a pool."""
    resources = {
        f"{one.logical}Launch": _launch_template(spec, one),
        f"{one.logical}Group": _group(spec, one),
        f"{one.logical}Capacity": _capacity_provider(spec, one),
    }
    parameters = {"ImageId": Parameter("AWS::EC2::Image::Id", "image of the instances")}
    return Part(resources, parameters)


def _launch_template(spec: Spec, one: Pool) -> Resource:
    tags: list[Value] = [
        {"Key": TAG, "Value": spec.names.prefix},
        {"Key": "Name", "Value": f"{spec.names.prefix} {one.name}"},
    ]
    kinds = ("instance", "network-interface", "volume")
    data: dict[str, Value] = {
        "ImageId": Ref("ImageId"),
        "InstanceType": one.instance,
        "IamInstanceProfile": {"Name": f"{spec.names.prefix}-instance"},
        "BlockDeviceMappings": [_disk(spec)],
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
            "InstanceMetadataTags": "disabled",
        },
        "Monitoring": {"Enabled": False},
        "NetworkInterfaces": [_interface(spec)],
        "Placement": {"Tenancy": spec.options.text("Tenancy")},
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in kinds],
        "UserData": Base64("\n".join(_script(spec, one))),
    }
    return Resource(
        "AWS::EC2::LaunchTemplate",
        {
            "LaunchTemplateName": f"{spec.names.prefix}-{one.name}",
            "LaunchTemplateData": data,
            "TagSpecifications": [{"ResourceType": "launch-template", "Tags": tags}],
        },
    )


def _disk(spec: Spec) -> Value:
    size = spec.options.number("VolumeSize")
    disk: Value = {
        "VolumeType": "gp3",
        "VolumeSize": size,
        "Encrypted": True,
        "DeleteOnTermination": True,
    }
    return {"DeviceName": "/dev/xvda", "Ebs": disk}


def _interface(spec: Spec) -> Value:
    return {
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": not spec.options.on("Private"),
        "DeleteOnTermination": True,
        "Groups": [Ref("InstanceSecurityGroup")],
    }


def _script(spec: Spec, one: Pool) -> list[str]:
    """The first script of an instance: it runs before the agent registers, which trunking wants."""
    agent = {
        "ECS_CLUSTER": f"{spec.names.prefix}-rack",
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        "ECS_DISABLE_PRIVILEGED": "true" if one.name == "builds" else "false",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
        "ECS_INSTANCE_ATTRIBUTES": json.dumps({"convox.pool": one.name}),
    }
    lines = [f"{name}={value}" for name, value in agent.items()]
    return [
        "#!/bin/bash",
        "set -eu",
        "cat >/etc/ecs/ecs.config <<'CONFIG'",
        *lines,
        "CONFIG",
        "command -v aws >/dev/null || dnf install -y awscli-2",
        "aws ecs put-account-setting --name awsvpcTrunking --value enabled --region ${AWS::Region}",
        *one.script,
        "",
    ]


def _build_daemon() -> tuple[str, ...]:
    forbidden = {"names": _FORBIDDEN_TO_BUILDS.split(), "action": "SCMP_ACT_ERRNO"}
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [forbidden]}
    return (
        "sysctl -w user.max_user_namespaces=28633",
        f"echo '{json.dumps(profile)}' >/etc/docker/builds.json",
        """echo '{"seccomp-profile": "/etc/docker/builds.json"}' >/etc/docker/daemon.json""",
        "systemctl restart docker",
    )


def _group(spec: Spec, one: Pool) -> Resource:
    name = f"{spec.names.prefix}-{one.name}"
    properties: dict[str, Value] = {
        "AutoScalingGroupName": name,
        "MinSize": str(one.least),
        "MaxSize": str(one.most),
        "VPCZoneIdentifier": subnets("Instance"),
        "HealthCheckType": "EC2",
        "NewInstancesProtectedFromScaleIn": False,
        "Tags": [
            {"Key": TAG, "Value": spec.names.prefix, "PropagateAtLaunch": True},
            {"Key": "AmazonECSManaged", "Value": "true", "PropagateAtLaunch": True},
        ],
        **_launched(spec, one),
    }
    update: dict[str, Value] = {
        "AutoScalingRollingUpdate": {
            "MaxBatchSize": 1,
            "MinInstancesInService": one.least,
            "PauseTime": "PT3M",
            "SuspendProcesses": ["AZRebalance"],
        }
    }
    return Resource(
        "AWS::AutoScaling::AutoScalingGroup",
        properties,
        update_policy={} if spec.retiring else update,
    )


def _launched(spec: Spec, one: Pool) -> dict[str, Value]:
    launch: dict[str, Value] = {
        "LaunchTemplateId": Ref(f"{one.logical}Launch"),
        "Version": GetAtt(f"{one.logical}Launch", "LatestVersionNumber"),
    }
    bid = spec.options.text("SpotInstanceBid")
    if not bid or one.name != "apps":
        return {"LaunchTemplate": launch}
    shares: dict[str, Value] = {
        "OnDemandBaseCapacity": spec.options.number("OnDemandMinCount"),
        "OnDemandPercentageAboveBaseCapacity": 0,
        "SpotAllocationStrategy": "price-capacity-optimized",
        "SpotMaxPrice": bid,
    }
    mixed: Value = {
        "LaunchTemplate": {"LaunchTemplateSpecification": launch},
        "InstancesDistribution": shares,
    }
    return {"MixedInstancesPolicy": mixed}


def _capacity_provider(spec: Spec, one: Pool) -> Resource:
    scaling: dict[str, Value] = {"Status": "DISABLED"}
    if not spec.retiring and (one.name == "builds" or spec.options.on("Autoscale")):
        scaling = {
            "Status": "ENABLED",
            "TargetCapacity": 100,
            "MinimumScalingStepSize": 1,
            "MaximumScalingStepSize": 10,
        }
    return Resource(
        "AWS::ECS::CapacityProvider",
        {
            "Name": f"{spec.names.prefix}-{one.name}",
            "AutoScalingGroupProvider": {
                "AutoScalingGroupArn": Ref(f"{one.logical}Group"),
                "ManagedDraining": "ENABLED",
                "ManagedScaling": scaling,
                "ManagedTerminationProtection": "DISABLED",
            },
        },
    )
