"""What each identity of a rack may do, statement by statement, with the reason.

identities.py makes users, roles and policies of it; service_role.py has the statements of the
service role, which are derived from the resource types.

Sources: Amazon ECS developer guide, "Amazon ECS container instance IAM role"; AWS Systems Manager
user guide, "Step 2: Verify or add instance permissions for Session Manager".
"""

from __future__ import annotations

from convox.templates.iam import Condition, Statement, allow, owned
from convox.templates.spec import Spec

_NEVER = ("account:*", "cloudformation:*", "iam:*", "organizations:*", "sts:AssumeRole*")
"""What no app may ever do, whatever its own policies say."""


def kernel_statements(spec: Spec) -> list[Statement]:
    """Return what KernelUser and the API's role may do."""
    return allow(spec.calls, spec.names, spec.options.features)


def workload_statements(spec: Spec) -> list[Statement]:
    """Return the most that any identity of an app can have: the boundary.

    It gives nothing by itself. It fences off identities, other racks and the rack's own state.
    """
    names = spec.names
    tables = tuple(
        names.arn(f"dynamodb:table/{{prefix}}-{n}") for n in ("apps", "builds", "releases")
    )
    own = (
        *tables,
        *(f"{table}/*" for table in tables),
        names.arn("secretsmanager:secret:{prefix}-rack-*"),
        names.arn("ecr:repository/{prefix}-rack"),
    )
    foreign: tuple[Condition, ...] = (
        ("Null", owned(names.prefix)[1], ("false",)),
        ("StringNotEquals", owned(names.prefix)[1], (names.prefix,)),
    )
    return [
        Statement(_NEVER, ("*",), reason="what apps are given otherwise", exclude=True),
        Statement(_NEVER, ("*",), (), "no identities, no stacks, no other role", "Deny"),
        Statement(("*",), ("*",), foreign, "nothing that carries another rack's tag", "Deny"),
        Statement(("*",), own, (), "nothing of the rack's own state", "Deny"),
    ]


def instance_statements(spec: Spec) -> list[Statement]:
    """Return what the agents on instances may do: run tasks, open shells, use trunks."""
    return [*_agent_statements(spec), *_trunk_statements(), *_shell_statements(spec)]


def _agent_statements(spec: Spec) -> list[Statement]:
    names = spec.names
    cluster = ("ArnEquals", "ecs:cluster", (names.arn("ecs:cluster/{prefix}-rack"),))
    instances = (names.arn("ecs:container-instance/{prefix}-rack/*"),)
    agent = "the ECS agent"
    return [
        Statement(("ecs:DiscoverPollEndpoint",), ("*",), (), f"{agent} finds its endpoint"),
        Statement(
            ("ecs:RegisterContainerInstance",),
            (names.arn("ecs:cluster/{prefix}-rack"),),
            (),
            f"{agent} joins the cluster",
        ),
        Statement(
            (
                "ecs:DeregisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ),
            (names.arn("ecs:cluster/{prefix}-rack"),),
            (),
            f"{agent} tells what became of tasks",
        ),
        Statement(
            ("ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"),
            instances,
            (cluster,),
            f"{agent} hears what to run",
        ),
    ]


def _trunk_statements() -> list[Statement]:
    return [
        Statement(
            ("ecs:PutAccountSetting",),
            ("*",),
            (("StringEquals", "ecs:account-setting", ("awsvpcTrunking",)),),
            "tasks share a trunk; the setting is the instance's own",
        ),
    ]


def _shell_statements(spec: Spec) -> list[Statement]:
    names = spec.names
    return [
        Statement(
            (
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ),
            ("*",),
            (),
            "shells by Session Manager",
        ),
        Statement(
            ("ssm:UpdateInstanceInformation",),
            (names.arn("ec2:instance/*"),),
            (owned(names.prefix),),
            "shells by Session Manager",
        ),
    ]


def execution_statements(spec: Spec) -> list[Statement]:
    """Return what ECS does to start the API: pull its image, read its password, write its log."""
    names = spec.names
    via = ("StringEquals", "kms:ViaService", ("secretsmanager.${AWS::Region}.amazonaws.com",))
    return [
        Statement(("ecr:GetAuthorizationToken",), ("*",), (), "the API's image is pulled"),
        Statement(
            ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            (names.arn("ecr:repository/{prefix}-rack"),),
            (),
            "the API's image is pulled",
        ),
        Statement(
            ("secretsmanager:GetSecretValue",),
            (names.arn("secretsmanager:secret:{prefix}-rack-password-*"),),
            (),
            "the API's password",
        ),
        Statement(
            ("kms:Decrypt",), (names.arn("kms:key/*"),), (owned(names.prefix), via), "likewise"
        ),
        Statement(
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            (names.arn("logs:log-group:{prefix}-rack-api:log-stream:*"),),
            (),
            "the API's log",
        ),
    ]


def flow_statements(spec: Spec) -> list[Statement]:
    """Return what the flow log service may do."""
    group = spec.names.arn("logs:log-group:{prefix}-rack-flow")
    why = "FlowLogs: the log of the network"
    return [
        Statement(("logs:CreateLogStream", "logs:DescribeLogStreams"), (f"{group}:*",), (), why),
        Statement(("logs:PutLogEvents",), (f"{group}:log-stream:*",), (), why),
        Statement(("logs:DescribeLogGroups",), ("*",), (), why),
    ]
