"""What of the handlers' permissions the rack's roles get, and on what: reviewed, as literals.

CloudFormation calls the handlers of the types in our stacks with the permissions of the role that
it was given. data/handlers.json says which actions those handlers may use; here each is narrowed
to what the rack owns, or dropped with a reason. A test fails for an action that is in neither.

A row: fence; resources as `Names.arn` takes them; actions. Fences are conditions of
service_role.py: `name` (the ARN holds our prefix or id), `tag` (the thing carries our tag), `new`
(the request puts our tag on it), `read` (reads, and AWS offers nothing narrower), and a few of one
use. `{vpc}` and `{zone}` stand for what the options name. An action may be in several rows: what
it makes and what it makes that from are checked apart.
"""

from __future__ import annotations

Row = tuple[str, tuple[str, ...], str]

_EC2_OWNED = (
    "ec2:elastic-ip/*",
    "ec2:internet-gateway/*",
    "ec2:launch-template/*",
    "ec2:natgateway/*",
    "ec2:route-table/*",
    "ec2:security-group/*",
    "ec2:subnet/*",
    "ec2:vpc-endpoint/*",
    "ec2:vpc-flow-log/*",
    "ec2:vpc/*",
)

SERVICE: tuple[Row, ...] = (
    # Network
    ("new", ("ec2:vpc/*",), "ec2:CreateVpc"),
    ("new", ("ec2:subnet/*",), "ec2:CreateSubnet"),
    ("new", ("ec2:route-table/*",), "ec2:CreateRouteTable"),
    ("new", ("ec2:security-group/*",), "ec2:CreateSecurityGroup"),
    ("new", ("ec2:internet-gateway/*",), "ec2:CreateInternetGateway"),
    ("new", ("ec2:elastic-ip/*",), "ec2:AllocateAddress"),
    ("new", ("ec2:natgateway/*",), "ec2:CreateNatGateway"),
    ("new", ("ec2:vpc-endpoint/*",), "ec2:CreateVpcEndpoint"),
    ("new", ("ec2:vpc-flow-log/*",), "ec2:CreateFlowLogs"),
    ("new", ("ec2:launch-template/*",), "ec2:CreateLaunchTemplate"),
    (
        "vpc",
        ("{vpc}",),
        "ec2:AttachInternetGateway ec2:CreateFlowLogs ec2:CreateNatGateway ec2:CreateRouteTable"
        " ec2:CreateSecurityGroup ec2:CreateSubnet ec2:CreateVpcEndpoint ec2:DeleteVpc"
        " ec2:DescribeVpcAttribute ec2:DetachInternetGateway ec2:ModifyVpcAttribute",
    ),
    (
        "tag",
        ("ec2:route-table/*", "ec2:security-group/*", "ec2:subnet/*"),
        "ec2:CreateVpcEndpoint ec2:ModifyVpcEndpoint",
    ),
    ("tag", ("ec2:elastic-ip/*", "ec2:subnet/*"), "ec2:CreateNatGateway"),
    (
        "tag",
        ("ec2:route-table/*", "ec2:subnet/*"),
        "ec2:AssociateRouteTable ec2:DisassociateRouteTable ec2:ReplaceRouteTableAssociation",
    ),
    ("tag", ("ec2:vpc-endpoint/*",), "ec2:DeleteVpcEndpoints ec2:ModifyVpcEndpoint"),
    (
        "tag",
        ("ec2:internet-gateway/*",),
        "ec2:AttachInternetGateway ec2:DeleteInternetGateway ec2:DetachInternetGateway",
    ),
    ("tag", ("ec2:subnet/*",), "ec2:DeleteSubnet ec2:ModifySubnetAttribute"),
    (
        "tag",
        ("ec2:route-table/*",),
        "ec2:CreateRoute ec2:DeleteRoute ec2:DeleteRouteTable ec2:ReplaceRoute",
    ),
    ("tag", ("ec2:natgateway/*",), "ec2:DeleteNatGateway"),
    ("tag", ("ec2:elastic-ip/*",), "ec2:ReleaseAddress"),
    ("tag", ("ec2:vpc-flow-log/*",), "ec2:DeleteFlowLogs"),
    (
        "tag",
        ("ec2:security-group/*",),
        "ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress"
        " ec2:DeleteSecurityGroup ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress"
        " ec2:UpdateSecurityGroupRuleDescriptionsEgress"
        " ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    ),
    (
        "ec2-create",
        (*_EC2_OWNED, "ec2:instance/*", "ec2:network-interface/*", "ec2:volume/*"),
        "ec2:CreateTags",
    ),
    ("retag", _EC2_OWNED, "ec2:CreateTags"),
    ("untag", _EC2_OWNED, "ec2:DeleteTags"),
    (
        "read",
        ("*",),
        "ec2:DescribeAddresses ec2:DescribeFlowLogs ec2:DescribeInstances"
        " ec2:DescribeInternetGateways ec2:DescribeLaunchTemplates"
        " ec2:DescribeLaunchTemplateVersions ec2:DescribeNatGateways ec2:DescribeNetworkAcls"
        " ec2:DescribeNetworkInterfaces ec2:DescribeRouteTables ec2:DescribeSecurityGroupRules"
        " ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeTags"
        " ec2:DescribeVpcEndpoints ec2:DescribeVpcs",
    ),
    # Instances
    (
        "tag",
        ("ec2:launch-template/*",),
        "ec2:CreateLaunchTemplateVersion ec2:DeleteLaunchTemplate",
    ),
    (
        "launch-new",
        (
            "ec2:instance/*",
            "ec2:network-interface/*",
            "ec2:spot-instances-request/*",
            "ec2:volume/*",
        ),
        "ec2:RunInstances",
    ),
    (
        "tag",
        ("ec2:launch-template/*", "ec2:security-group/*", "ec2:subnet/*"),
        "ec2:RunInstances",
    ),
    ("launch", ("ec2::image/*", "ec2::snapshot/*"), "ec2:RunInstances"),
    (
        "name",
        ("autoscaling:autoScalingGroup:*:autoScalingGroupName/{prefix}-*",),
        "autoscaling:CreateAutoScalingGroup autoscaling:CreateOrUpdateTags"
        " autoscaling:DeleteAutoScalingGroup autoscaling:DeleteTags autoscaling:ResumeProcesses"
        " autoscaling:SuspendProcesses autoscaling:TerminateInstanceInAutoScalingGroup"
        " autoscaling:UpdateAutoScalingGroup",
    ),
    (
        "read",
        ("*",),
        "autoscaling:DescribeAutoScalingGroups autoscaling:DescribeAutoScalingInstances"
        " autoscaling:DescribeScalingActivities autoscaling:DescribeTags"
        " ec2:DescribeAvailabilityZones ec2:DescribeImages ec2:DescribeInstanceTypes",
    ),
    # Containers
    (
        "name",
        ("ecs:cluster/{prefix}-rack",),
        "ecs:CreateCluster ecs:DeleteCluster ecs:DescribeClusters ecs:ListTagsForResource"
        " ecs:PutClusterCapacityProviders ecs:TagResource ecs:UntagResource ecs:UpdateCluster"
        " ecs:UpdateClusterSettings",
    ),
    (
        "name",
        ("ecs:capacity-provider/{prefix}-*",),
        "ecs:CreateCapacityProvider ecs:DeleteCapacityProvider ecs:DescribeCapacityProviders"
        " ecs:ListTagsForResource ecs:TagResource ecs:UntagResource ecs:UpdateCapacityProvider",
    ),
    (
        "name",
        ("ecs:service/{prefix}-rack/*",),
        "ecs:CreateService ecs:DeleteService ecs:DescribeServiceDeployments ecs:DescribeServices"
        " ecs:ListServiceDeployments ecs:ListTagsForResource ecs:StopServiceDeployment"
        " ecs:TagResource ecs:UntagResource ecs:UpdateService",
    ),
    (
        "name",
        ("ecs:service-deployment/{prefix}-rack/*",),
        "ecs:DescribeServiceDeployments ecs:StopServiceDeployment",
    ),
    (
        "name",
        ("ecs:task-definition/{prefix}-*:*",),
        "ecs:ListTagsForResource ecs:RegisterTaskDefinition ecs:TagResource ecs:UntagResource",
    ),
    ("read", ("*",), "ecs:DescribeTaskDefinition"),
    (
        "name",
        ("ecr:repository/{prefix}-*",),
        "ecr:CreateRepository ecr:DeleteRepository ecr:DescribeRepositories"
        " ecr:GetLifecyclePolicy ecr:GetRepositoryPolicy ecr:ListTagsForResource"
        " ecr:PutImageScanningConfiguration ecr:PutImageTagMutability ecr:TagResource"
        " ecr:UntagResource",
    ),
    # Balancers
    (
        "new",
        ("elasticloadbalancing:loadbalancer/app/*",),
        "elasticloadbalancing:CreateLoadBalancer",
    ),
    ("new", ("elasticloadbalancing:targetgroup/*",), "elasticloadbalancing:CreateTargetGroup"),
    (
        "tag",
        ("elasticloadbalancing:loadbalancer/app/*",),
        "elasticloadbalancing:CreateListener elasticloadbalancing:DeleteLoadBalancer"
        " elasticloadbalancing:ModifyLoadBalancerAttributes"
        " elasticloadbalancing:SetSecurityGroups elasticloadbalancing:SetSubnets",
    ),
    (
        "tag",
        ("elasticloadbalancing:listener/app/*",),
        "elasticloadbalancing:CreateRule elasticloadbalancing:DeleteListener"
        " elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyListenerAttributes",
    ),
    (
        "tag",
        ("elasticloadbalancing:listener-rule/app/*",),
        "elasticloadbalancing:DeleteRule elasticloadbalancing:ModifyRule"
        " elasticloadbalancing:SetRulePriorities",
    ),
    (
        "tag",
        ("elasticloadbalancing:targetgroup/*",),
        "elasticloadbalancing:DeleteTargetGroup elasticloadbalancing:ModifyTargetGroup"
        " elasticloadbalancing:ModifyTargetGroupAttributes",
    ),
    (
        "elb-create",
        (
            "elasticloadbalancing:listener-rule/app/*",
            "elasticloadbalancing:listener/app/*",
            "elasticloadbalancing:loadbalancer/app/*",
            "elasticloadbalancing:targetgroup/*",
        ),
        "elasticloadbalancing:AddTags",
    ),
    (
        "retag",
        (
            "elasticloadbalancing:listener-rule/app/*",
            "elasticloadbalancing:listener/app/*",
            "elasticloadbalancing:loadbalancer/app/*",
            "elasticloadbalancing:targetgroup/*",
        ),
        "elasticloadbalancing:AddTags",
    ),
    (
        "untag",
        (
            "elasticloadbalancing:listener-rule/app/*",
            "elasticloadbalancing:listener/app/*",
            "elasticloadbalancing:loadbalancer/app/*",
            "elasticloadbalancing:targetgroup/*",
        ),
        "elasticloadbalancing:RemoveTags",
    ),
    (
        "read",
        ("*",),
        "elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:DescribeListeners"
        " elasticloadbalancing:DescribeLoadBalancerAttributes"
        " elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeRules"
        " elasticloadbalancing:DescribeTags elasticloadbalancing:DescribeTargetGroupAttributes"
        " elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetHealth"
        " elasticloadbalancing:DescribeCapacityReservation",
    ),
    # Data
    ("new", ("*",), "kms:CreateKey"),
    (
        "tag",
        ("kms:key/*",),
        "kms:CreateAlias kms:DeleteAlias kms:DescribeKey kms:DisableKey kms:DisableKeyRotation"
        " kms:EnableKey kms:EnableKeyRotation kms:GetKeyPolicy kms:GetKeyRotationStatus"
        " kms:ListResourceTags kms:PutKeyPolicy kms:ScheduleKeyDeletion kms:UpdateAlias"
        " kms:UpdateKeyDescription",
    ),
    ("new", ("kms:key/*",), "kms:TagResource"),
    ("untag", ("kms:key/*",), "kms:UntagResource"),
    ("grant", ("kms:key/*",), "kms:CreateGrant"),
    ("through-data", ("kms:key/*",), "kms:Decrypt kms:Encrypt kms:GenerateDataKey"),
    ("name", ("kms:alias/{prefix}-*",), "kms:CreateAlias kms:DeleteAlias kms:UpdateAlias"),
    ("read", ("*",), "kms:ListAliases"),
    (
        "name",
        ("s3:{bucket}",),
        "s3:CreateBucket s3:DeleteBucket s3:DeleteBucketPolicy s3:GetAccelerateConfiguration"
        " s3:GetAnalyticsConfiguration s3:GetBucketAbac s3:GetBucketAcl s3:GetBucketCORS"
        " s3:GetBucketLogging s3:GetBucketMetadataTableConfiguration s3:GetBucketNotification"
        " s3:GetBucketObjectLockConfiguration s3:GetBucketOwnershipControls s3:GetBucketPolicy"
        " s3:GetBucketPublicAccessBlock s3:GetBucketTagging s3:GetBucketVersioning"
        " s3:GetBucketWebsite s3:GetEncryptionConfiguration"
        " s3:GetIntelligentTieringConfiguration s3:GetInventoryConfiguration"
        " s3:GetLifecycleConfiguration s3:GetMetricsConfiguration s3:GetReplicationConfiguration"
        " s3:ListBucket s3:ListTagsForResource s3:PutBucketOwnershipControls s3:PutBucketPolicy"
        " s3:PutBucketPublicAccessBlock s3:PutBucketTagging s3:PutBucketVersioning"
        " s3:PutEncryptionConfiguration s3:PutLifecycleConfiguration s3:TagResource"
        " s3:UntagResource",
    ),
    (
        "name",
        ("dynamodb:table/{prefix}-*",),
        "dynamodb:CreateTable dynamodb:DeleteTable dynamodb:DescribeContinuousBackups"
        " dynamodb:DescribeContributorInsights dynamodb:DescribeKinesisStreamingDestination"
        " dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:GetResourcePolicy"
        " dynamodb:ListTagsOfResource dynamodb:TagResource dynamodb:UntagResource"
        " dynamodb:UpdateContinuousBackups dynamodb:UpdateTable",
    ),
    (
        "name",
        ("secretsmanager:secret:{prefix}-*",),
        "secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:DescribeSecret"
        " secretsmanager:GetSecretValue secretsmanager:TagResource secretsmanager:UntagResource"
        " secretsmanager:UpdateSecret",
    ),
    ("read", ("*",), "secretsmanager:GetRandomPassword"),
    ("new", ("*",), "acm:RequestCertificate"),
    ("new", ("acm:certificate/*",), "acm:AddTagsToCertificate"),
    (
        "tag",
        ("acm:certificate/*",),
        "acm:DeleteCertificate acm:DescribeCertificate acm:ListTagsForCertificate",
    ),
    ("untag", ("acm:certificate/*",), "acm:RemoveTagsFromCertificate"),
    (
        "name",
        ("route53:hostedzone/{zone}",),
        "route53:GetHostedZone route53:ListResourceRecordSets",
    ),
    ("records", ("route53:hostedzone/{zone}",), "route53:ChangeResourceRecordSets"),
    ("read", ("route53:change/*",), "route53:GetChange"),
    (
        "name",
        ("logs:log-group:{prefix}-*",),
        "logs:AssociateKmsKey logs:CreateLogGroup logs:DeleteLogGroup logs:DeleteRetentionPolicy"
        " logs:DisassociateKmsKey logs:GetDataProtectionPolicy logs:ListTagsForResource"
        " logs:PutRetentionPolicy logs:TagResource logs:UntagResource",
    ),
    ("read", ("*",), "logs:DescribeIndexPolicies logs:DescribeLogGroups"),
    # Identities of apps; those of the rack are the installer's alone
    (
        "boundary",
        ("iam:role/convox/{prefix}/app/{prefix}-*",),
        "iam:AttachRolePolicy iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy"
        " iam:DetachRolePolicy iam:PutRolePolicy iam:UpdateAssumeRolePolicy",
    ),
    (
        "name",
        ("iam:role/convox/{prefix}/app/{prefix}-*",),
        "iam:TagRole iam:UntagRole iam:UpdateRole iam:UpdateRoleDescription",
    ),
    (
        "name",
        (
            "iam:role/convox/{prefix}/app/{prefix}-*",
            "iam:role/convox/{prefix}/kernel/{prefix}-*",
            "iam:role/{prefix}-*",
        ),
        "iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies",
    ),
)
"""Rows for the service role. IAM looks a role that does not exist up without its path, hence the
reads on names without path."""

PASSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "AWS::AutoScaling::AutoScalingGroup": (
        "ec2.amazonaws.com",
        ("iam:role/convox/{prefix}/kernel/{prefix}-instance",),
    ),
    "AWS::EC2::FlowLog": (
        "vpc-flow-logs.amazonaws.com",
        ("iam:role/convox/{prefix}/kernel/{prefix}-flow-logs",),
    ),
    "AWS::ECS::TaskDefinition": (
        "ecs-tasks.amazonaws.com",
        (
            "iam:role/convox/{prefix}/app/{prefix}-*",
            "iam:role/convox/{prefix}/kernel/{prefix}-api",
            "iam:role/convox/{prefix}/kernel/{prefix}-api-execution",
        ),
    ),
    "AWS::IAM::InstanceProfile": (
        "ec2.amazonaws.com",
        ("iam:role/convox/{prefix}/kernel/{prefix}-instance",),
    ),
}
"""Type that hands a role to a service, to the service and the roles: `iam:PassRole` and no more."""
