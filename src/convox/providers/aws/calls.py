"""Every IAM action that our own code needs, with what it acts on and why: the one source.

`KERNEL` is what KernelUser and the API's role may do: their policy is made of it and of nothing
else. `INSTALLER` is what the installer does besides making the identity stack. Whoever writes a
new call adds its row here, beside the reason; a call without a row is refused at run time. Nothing
here imports an SDK: templates are made from this table by commands that call nothing.

Actions are named as IAM names them. `operations` names the SDK's operations, with the service
before, where they are called otherwise or where a call needs more than its own action.
"""

from __future__ import annotations

from convox.templates.iam import Call, Condition

_STACKS = (
    "cloudformation:stack/{prefix}-app-*/*",
    "cloudformation:stack/{prefix}-rack-*/*",
    "cloudformation:stack/{prefix}-resource-*/*",
)
"""Stacks that the rack may touch; the identity stack is none of them."""
_IDENTITIES = "cloudformation:stack/{prefix}-identities/*"
_SERVICE_ROLE = "iam:role/convox/{prefix}/kernel/{prefix}-cloudformation"
_AS_SERVICE_ROLE: Condition = ("StringEquals", "cloudformation:RoleArn", (f"@{_SERVICE_ROLE}",))
_TAGGED: Condition = ("StringEquals", "aws:ResourceTag/{tag}", ("{prefix}",))
_TAGGING: Condition = ("StringEquals", "aws:RequestTag/{tag}", ("{prefix}",))
_REPOSITORY = ("ecr:repository/{prefix}-rack",)
_CLUSTER: Condition = ("ArnEquals", "ecs:cluster", ("@ecs:cluster/{prefix}-rack",))
_PUSH = "the install pushes the images of the release"
_EMPTY = "a bucket must be empty before it can be deleted"
_SELF_SIGNED = "without Domain and Certificate the install imports a certificate of its own"
_WAIT = "readiness is told by ECS and target health, not by CloudFormation alone"

_STACK_CALLS = (
    Call(
        "cloudformation:CreateChangeSet",
        _STACKS,
        "install, update and uninstall change stacks only by change sets, with the service role",
        (_AS_SERVICE_ROLE,),
    ),
    Call(
        "cloudformation:DeleteStack",
        _STACKS,
        "uninstall deletes stacks, with the service role",
        (_AS_SERVICE_ROLE,),
    ),
    Call(
        "cloudformation:ContinueUpdateRollback",
        _STACKS,
        "a rollback that failed goes on, with the service role",
        (_AS_SERVICE_ROLE,),
    ),
    Call("cloudformation:ExecuteChangeSet", _STACKS, "a change set that was shown is carried out"),
    Call("cloudformation:DescribeChangeSet", _STACKS, "changes are shown with their classes"),
    Call("cloudformation:DeleteChangeSet", _STACKS, "a change set that was refused is removed"),
    Call("cloudformation:CancelUpdateStack", _STACKS, "an update that hangs is stopped"),
    Call("cloudformation:DescribeStacks", _STACKS, "status, outputs and parameters of stacks"),
    Call("cloudformation:DescribeStackEvents", _STACKS, "progress, and the first failing event"),
    Call("cloudformation:DescribeStackResources", _STACKS, "inventory by stack"),
    Call(
        "cloudformation:GetTemplate",
        _STACKS,
        "options are read back from the template that is in force",
    ),
    Call(
        "iam:PassRole",
        (_SERVICE_ROLE,),
        "CloudFormation is handed the service role",
        (("StringEquals", "iam:PassedToService", ("cloudformation.amazonaws.com",)),),
        operations=("cloudformation:CreateChangeSet",),
    ),
)

_RUNNING_CALLS = (
    Call("ecs:DescribeServices", ("ecs:service/{prefix}-rack/*",), _WAIT),
    Call("ecs:DescribeClusters", ("ecs:cluster/{prefix}-rack",), "capacity in status"),
    Call("ecs:ListTasks", ("*",), "tasks of a service that fails", (_CLUSTER,)),
    Call(
        "ecs:DescribeTasks",
        ("ecs:task/{prefix}-rack/*",),
        "why a task of a service stopped",
    ),
    Call("ecs:ListContainerInstances", ("ecs:cluster/{prefix}-rack",), "instances in status"),
    Call(
        "ecs:DescribeContainerInstances",
        ("ecs:container-instance/{prefix}-rack/*",),
        "instances in status, and whether trunking is on",
    ),
    Call("elasticloadbalancing:DescribeTargetHealth", ("*",), _WAIT),
    Call(
        "autoscaling:DescribeScalingActivities",
        ("*",),
        "why instances do not start: quotas, capacity",
    ),
    Call(
        "logs:GetLogEvents",
        ("logs:log-group:{prefix}-rack-*:log-stream:*",),
        "last lines of an API that does not start",
    ),
    Call("logs:FilterLogEvents", ("logs:log-group:{prefix}-rack-*:*",), "convox rack logs"),
    Call(
        "tag:GetResources",
        ("*",),
        "the inventory after an uninstall, by tag",
    ),
)

_DATA_CALLS = (
    Call("ecr:GetAuthorizationToken", ("*",), _PUSH),
    Call("ecr:BatchCheckLayerAvailability", _REPOSITORY, _PUSH),
    Call("ecr:InitiateLayerUpload", _REPOSITORY, _PUSH),
    Call("ecr:UploadLayerPart", _REPOSITORY, _PUSH),
    Call("ecr:CompleteLayerUpload", _REPOSITORY, _PUSH),
    Call("ecr:PutImage", _REPOSITORY, _PUSH),
    Call("ecr:BatchGetImage", _REPOSITORY, "an image that is there is not pushed again"),
    Call(
        "s3:ListBucketVersions",
        ("s3:{bucket}",),
        _EMPTY,
        operations=("s3:ListObjectVersions",),
    ),
    Call("s3:DeleteObject", ("s3:{bucket}/*",), _EMPTY, operations=("s3:DeleteObjects",)),
    Call("s3:DeleteObjectVersion", ("s3:{bucket}/*",), _EMPTY, operations=("s3:DeleteObjects",)),
    Call(
        "secretsmanager:GetSecretValue",
        ("secretsmanager:secret:{prefix}-rack-password-*",),
        "the install shows the API's password once",
    ),
    Call(
        "kms:Decrypt",
        ("kms:key/*",),
        "the API's password is encrypted with the rack's key",
        (
            _TAGGED,
            ("StringEquals", "kms:ViaService", ("secretsmanager.${AWS::Region}.amazonaws.com",)),
        ),
        operations=("secretsmanager:GetSecretValue",),
    ),
)

_OPTIONAL_CALLS = (
    Call(
        "ssm:GetParameter",
        ("ssm::parameter/aws/service/ecs/optimized-ami/*",),
        "the image of the instances is looked up, and named in the change set",
    ),
    Call(
        "acm:ImportCertificate",
        ("acm:certificate/*",),
        _SELF_SIGNED,
        (_TAGGING,),
        feature="self-signed",
    ),
    Call(
        "acm:AddTagsToCertificate",
        ("acm:certificate/*",),
        _SELF_SIGNED,
        (_TAGGING,),
        feature="self-signed",
        operations=("acm:ImportCertificate",),
    ),
    Call(
        "acm:DeleteCertificate",
        ("acm:certificate/*",),
        "uninstall removes the certificate that the install imported",
        (_TAGGED,),
        feature="self-signed",
    ),
    Call(
        "acm:RequestCertificate",
        ("*",),
        "Domain without HostedZone: a certificate is asked for, its record is printed",
        (_TAGGING,),
        feature="printed-records",
    ),
    Call(
        "acm:DescribeCertificate",
        ("acm:certificate/*",),
        "the record to print, and whether it was found",
        (_TAGGED,),
        feature="printed-records",
    ),
    Call(
        "acm:DeleteCertificate",
        ("acm:certificate/*",),
        "uninstall removes the certificate that the install asked for",
        (_TAGGED,),
        feature="printed-records",
    ),
    Call(
        "ec2:DescribeManagedPrefixLists",
        ("*",),
        "NatGateways=none: rules name the ranges of S3 and DynamoDB",
        feature="prefix-lists",
    ),
    Call(
        "ssm:StartSession",
        ("ec2:instance/*",),
        "PrivateApi=Yes: the CLI reaches the API by port forwarding",
        (_TAGGED,),
        feature="private-api",
    ),
    Call(
        "ssm:StartSession",
        ("ssm::document/AWS-StartPortForwardingSessionToRemoteHost",),
        "PrivateApi=Yes: the one document that may be used",
        feature="private-api",
    ),
    Call(
        "ec2:DescribeInstances",
        ("*",),
        "PrivateApi=Yes: an instance to forward by",
        feature="private-api",
    ),
)

KERNEL: tuple[Call, ...] = (*_STACK_CALLS, *_RUNNING_CALLS, *_DATA_CALLS, *_OPTIONAL_CALLS)
"""What KernelUser and the API's role call to install, update, show and remove a rack."""

_KERNEL_USER = ("iam:user/convox/{prefix}/kernel/{prefix}-kernel",)
_KEY = "KernelUser's key is made, rolled and removed by the installer"
_PREFLIGHT = "preflight tells everything that is missing at once"
_CHANGES = "the identity stack is changed by change sets that are shown first"
_QUOTAS = ("servicequotas:ec2/*", "servicequotas:elasticloadbalancing/*", "servicequotas:vpc/*")
LINKED_SERVICES = (
    "autoscaling.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticache.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
    "spot.amazonaws.com",
)
"""Services whose linked role must be there before a rack can hold what they run."""

INSTALLER: tuple[Call, ...] = (
    Call("cloudformation:CreateChangeSet", (_IDENTITIES,), _CHANGES),
    Call("cloudformation:ExecuteChangeSet", (_IDENTITIES,), _CHANGES),
    Call("cloudformation:DescribeChangeSet", (_IDENTITIES,), _CHANGES),
    Call("cloudformation:DeleteChangeSet", (_IDENTITIES,), _CHANGES),
    Call("cloudformation:DescribeStacks", (_IDENTITIES,), "whether the identities are there"),
    Call("cloudformation:DescribeStackEvents", (_IDENTITIES,), "progress, first failing event"),
    Call("cloudformation:GetTemplate", (_IDENTITIES,), "permissions in force, to compare"),
    Call("cloudformation:DeleteStack", (_IDENTITIES,), "uninstall ends with the identities"),
    Call(
        "iam:CreateServiceLinkedRole",
        ("iam:role/aws-service-role/*",),
        "roles of AWS services that an account lacks until something of theirs is made",
        (("StringEquals", "iam:AWSServiceName", LINKED_SERVICES),),
    ),
    Call("iam:GetRole", ("iam:role/aws-service-role/*",), "which service-linked roles are there"),
    Call("iam:CreateAccessKey", _KERNEL_USER, _KEY),
    Call("iam:UpdateAccessKey", _KERNEL_USER, _KEY),
    Call("iam:DeleteAccessKey", _KERNEL_USER, _KEY),
    Call("iam:ListAccessKeys", _KERNEL_USER, _KEY),
    Call("ec2:DescribeAvailabilityZones", ("*",), _PREFLIGHT),
    Call("ec2:DescribeInstanceTypeOfferings", ("*",), _PREFLIGHT),
    Call("ec2:DescribeVpcs", ("*",), _PREFLIGHT),
    Call("ec2:DescribeSubnets", ("*",), _PREFLIGHT),
    Call("ec2:DescribeAddresses", ("*",), _PREFLIGHT),
    Call("ec2:DescribeInternetGateways", ("*",), _PREFLIGHT),
    Call("servicequotas:GetServiceQuota", _QUOTAS, _PREFLIGHT),
    Call("iam:SimulatePrincipalPolicy", ("iam:role/*", "iam:user/*"), _PREFLIGHT),
)
"""What the installer calls, besides what CloudFormation does with its permissions."""
