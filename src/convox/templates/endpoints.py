"""Which AWS services the rack reaches by endpoints in its own network.

S3 and DynamoDB always are, by gateway endpoints, which cost nothing. With `NatGateways=none` so
is every service that instances and the API call, or they would not start.

Source: AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink"; Amazon ECS
developer guide, "Amazon ECS interface VPC endpoints". Read in November 2026.
"""

from __future__ import annotations

from convox.templates.spec import Spec

GATEWAY = ("s3", "dynamodb")

_AGENTS = (
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "logs",
    "secretsmanager",
    "ssm",
    "ssmmessages",
)
"""What the agents on an instance call: to run tasks, pull images, write logs, open shells."""
_OF_PREFIX = {
    "acm": ("acm",),
    "autoscaling": ("autoscaling",),
    "cloudformation": ("cloudformation",),
    "dynamodb": (),
    "ec2": ("ec2",),
    "ecr": ("ecr.api", "ecr.dkr"),
    "ecs": ("ecs",),
    "elasticloadbalancing": ("elasticloadbalancing",),
    "iam": (),
    "kms": ("kms",),
    "logs": ("logs",),
    "s3": (),
    "secretsmanager": ("secretsmanager",),
    "ssm": ("ssm", "ssmmessages"),
    "sts": ("sts",),
    "tag": ("tagging",),
}
"""Prefix of an action to the endpoints that serve it."""


def interface_endpoints(spec: Spec) -> tuple[str, ...]:
    """Return the services with an interface endpoint, sorted.

    Raises:
        KeyError: a declared call is of a service whose endpoints are not known here.
    """
    wanted = set(spec.options.many("Endpoints"))
    if spec.options.text("NatGateways") == "none":
        wanted |= {*_AGENTS, "sts"}
        for call in spec.calls:
            wanted |= set(_OF_PREFIX[call.action.partition(":")[0]])
    return tuple(sorted(wanted - set(GATEWAY)))
