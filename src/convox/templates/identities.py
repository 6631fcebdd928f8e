"""The identity stack: everyone who acts for the rack, and the fence around what apps may do.

The installer makes it with permissions of its own, and only the installer changes it: its name and
its IAM paths are in no pattern that the rack may touch. KernelUser and the API's role hold the
same policies, made of the declared calls. The service role holds what CloudFormation's handlers
need. Nobody here may change anybody here.
What each may do is in permissions.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from convox.templates.iam import Condition, Statement, document, pack, trust
from convox.templates.model import GetAtt, Output, Ref, Resource, Template, Value
from convox.templates.permissions import (
    execution_statements,
    flow_statements,
    instance_statements,
    kernel_statements,
    workload_statements,
)
from convox.templates.service_role import service_statements
from convox.templates.spec import Part, Spec, template

_SAME_ACCOUNT: Condition = ("StringEquals", "aws:SourceAccount", ("${AWS::AccountId}",))


def identity_stack(spec: Spec, types: Iterable[str]) -> Template:
    """Return the identities of a rack whose other stacks hold these resource types."""
    kernel = _policies(spec, "kernel", kernel_statements(spec))
    service = _policies(spec, "cloudformation", service_statements(types, spec.names, spec.options))
    parts = [
        Part({**kernel, **service}),
        _workload(spec),
        _kernel_user(spec, list(kernel)),
        _api_roles(spec, list(kernel)),
        _other_roles(spec, list(service)),
    ]
    if spec.options.text("FlowLogs") != "none":
        parts.append(_flow_logs(spec))
    return template(spec, "identities; changed by the installer only", *parts)


def _policies(spec: Spec, name: str, statements: Sequence[Statement]) -> dict[str, Resource]:
    """Return the managed policies that together hold the statements."""
    return {
        f"{name.capitalize()}Policy{number}": _managed(spec, f"{name}-{number}", one)
        for number, one in enumerate(pack(statements, spec.names))
    }


def _managed(spec: Spec, name: str, statements: Sequence[Statement]) -> Resource:
    return Resource(
        "AWS::IAM::ManagedPolicy",
        {
            "ManagedPolicyName": f"{spec.names.prefix}-{name}",
            "Path": spec.names.path("kernel"),
            "PolicyDocument": document(statements),
        },
    )


def _workload(spec: Spec) -> Part:
    made = _managed(spec, "workload", workload_statements(spec))
    output = Output(Ref("WorkloadBoundary"), "boundary of every identity of an app")
    return Part({"WorkloadBoundary": made}, outputs={"WorkloadBoundaryArn": output})


def _kernel_user(spec: Spec, policies: Sequence[str]) -> Part:
    """Its key is made by a call of the installer, so that no template can leak it."""
    user = Resource(
        "AWS::IAM::User",
        {
            "UserName": f"{spec.names.prefix}-kernel",
            "Path": spec.names.path("kernel"),
            "ManagedPolicyArns": [Ref(policy) for policy in policies],
        },
    )
    output = Output(Ref("KernelUser"), "who installs and updates the rack from outside")
    return Part({"KernelUser": user}, outputs={"KernelUserName": output})


def _api_roles(spec: Spec, policies: Sequence[str]) -> Part:
    tasks = spec.names.arn("ecs:*")
    trusted = trust(
        "ecs-tasks.amazonaws.com", (_SAME_ACCOUNT, ("ArnLike", "aws:SourceArn", (tasks,)))
    )
    held = [Ref(policy) for policy in policies]
    inline = _inline("execution", execution_statements(spec))
    return Part(
        {
            "ApiRole": _role(spec, "api", trusted, {"ManagedPolicyArns": held}),
            "ApiExecutionRole": _role(spec, "api-execution", trusted, inline),
        }
    )


def _other_roles(spec: Spec, policies: Sequence[str]) -> Part:
    """Trusts without the account: EC2 and CloudFormation do not send it, roles cannot be passed."""
    held = {"ManagedPolicyArns": [Ref(policy) for policy in policies]}
    stacks = trust("cloudformation.amazonaws.com")
    inline = _inline("instance", instance_statements(spec))
    profile = Resource(
        "AWS::IAM::InstanceProfile",
        {
            "InstanceProfileName": f"{spec.names.prefix}-instance",
            "Path": spec.names.path("kernel"),
            "Roles": [Ref("InstanceRole")],
        },
    )
    return Part(
        {
            "ServiceRole": _role(spec, "cloudformation", stacks, held),
            "InstanceRole": _role(spec, "instance", trust("ec2.amazonaws.com"), inline),
            "InstanceProfile": profile,
        },
        outputs={
            "ServiceRoleArn": Output(GetAtt("ServiceRole", "Arn"), "what CloudFormation acts as")
        },
    )


def _flow_logs(spec: Spec) -> Part:
    trusted = trust("vpc-flow-logs.amazonaws.com", (_SAME_ACCOUNT,))
    return Part(
        {
            "FlowLogRole": _role(
                spec, "flow-logs", trusted, _inline("flow-logs", flow_statements(spec))
            )
        }
    )


def _role(
    spec: Spec, name: str, trusted: Mapping[str, Value], permissions: Mapping[str, Value]
) -> Resource:
    return Resource(
        "AWS::IAM::Role",
        {
            "RoleName": f"{spec.names.prefix}-{name}",
            "Path": spec.names.path("kernel"),
            "AssumeRolePolicyDocument": trusted,
            **permissions,
        },
    )


def _inline(name: str, statements: Sequence[Statement]) -> dict[str, Value]:
    return {"Policies": [{"PolicyName": name, "PolicyDocument": document(statements)}]}
