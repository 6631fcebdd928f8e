"""What CloudFormation's handlers list that we read otherwise, add or never grant, as literals.

narrowing.py says on what the rest is granted. A test fails for an action that is nowhere.
"""

from __future__ import annotations

EXPANDED: dict[str, str] = {
    "autoscaling:Describe*": "autoscaling:DescribeAutoScalingGroups"
    " autoscaling:DescribeAutoScalingInstances autoscaling:DescribeScalingActivities",
    "ec2:Describe*": "ec2:DescribeAvailabilityZones ec2:DescribeImages ec2:DescribeInstanceTypes"
    " ec2:DescribeLaunchTemplates ec2:DescribeLaunchTemplateVersions ec2:DescribeSecurityGroups"
    " ec2:DescribeSubnets",
}
"""Wildcard of a handler to the reading actions that are kept of it."""

ADDED: dict[str, str] = {
    # A rolling update replaces instances by calls of CloudFormation's own, not the handler's.
    "AWS::AutoScaling::AutoScalingGroup": "autoscaling:TerminateInstanceInAutoScalingGroup",
    # The version that a group launches is read from the template.
    "AWS::EC2::LaunchTemplate": "ec2:DescribeLaunchTemplateVersions",
    # A table and a secret with a key of ours are made with the maker's right to use the key.
    "AWS::DynamoDB::Table": "kms:GenerateDataKey",
    "AWS::SecretsManager::Secret": "kms:Decrypt kms:GenerateDataKey",
}
"""What a type needs that its handlers do not list."""

_UNSET = "a property that we never set"
_NO_ACTION = "no such IAM action"
_LINKED = "service-linked roles are made by the installer"

DROPPED: tuple[tuple[str, str], ...] = (
    (_LINKED, "iam:CreateServiceLinkedRole"),
    (
        _NO_ACTION,
        "managed-fleets:CreateAutoScalingGroup managed-fleets:DeleteAutoScalingGroup"
        " managed-fleets:DeregisterAutoScalingGroup managed-fleets:Get*"
        " managed-fleets:RegisterAutoScalingGroup managed-fleets:UpdateAutoScalingGroup"
        " s3:DeleteBucketAnalyticsConfiguration s3:DeleteBucketCors s3:DeleteBucketEncryption"
        " s3:DeleteBucketLifecycle s3:DeleteBucketMetricsConfiguration"
        " s3:DeleteBucketReplication s3:GetObjectMetadata s3:PutBucketReplication"
        " s3:PutObjectLockConfiguration s3:REST.PUT.OBJECT"
        " vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation",
    ),
    (
        "task definitions are kept: this action has no narrower resource than all",
        "ecs:DeregisterTaskDefinition",
    ),
    ("account settings are not a cluster's", "ecs:PutAccountSetting ecs:PutAccountSettingDefault"),
    ("listing all records is enough with the zone given", "route53:ListHostedZones"),
    (
        _UNSET,
        "acm-pca:GetCertificate acm-pca:IssueCertificate acm:UpdateCertificateOptions"
        " autoscaling:AttachLoadBalancerTargetGroups autoscaling:AttachLoadBalancers"
        " autoscaling:AttachTrafficSources autoscaling:CancelInstanceRefresh"
        " autoscaling:DeleteLifecycleHook autoscaling:DeleteNotificationConfiguration"
        " autoscaling:DetachLoadBalancerTargetGroups autoscaling:DetachLoadBalancers"
        " autoscaling:DetachTrafficSources autoscaling:DisableMetricsCollection"
        " autoscaling:EnableMetricsCollection autoscaling:PutLifecycleHook"
        " autoscaling:PutNotificationConfiguration autoscaling:StartInstanceRefresh"
        " cloudwatch:PutMetricAlarm cognito-idp:DescribeUserPoolClient"
        " dynamodb:AssociateTableReplica dynamodb:BatchWriteItem dynamodb:CreateTableReplica"
        " dynamodb:DeleteItem dynamodb:DeleteResourcePolicy dynamodb:DescribeImport"
        " dynamodb:DisableKinesisStreamingDestination"
        " dynamodb:EnableKinesisStreamingDestination dynamodb:GetItem dynamodb:ImportTable"
        " dynamodb:PutItem dynamodb:PutResourcePolicy dynamodb:Query dynamodb:Scan"
        " dynamodb:UpdateContributorInsights dynamodb:UpdateItem"
        " dynamodb:UpdateKinesisStreamingDestination dynamodb:UpdateTimeToLive"
        " ec2:AcceptAddressTransfer ec2:AssignPrivateNatGatewayAddress ec2:AssociateAddress"
        " ec2:AssociateNatGatewayAddress ec2:AssociateSubnetCidrBlock ec2:AttachVpnGateway"
        " ec2:CreateVpcEncryptionControl ec2:DescribeIpamPools"
        " ec2:DescribeVpcEncryptionControls ec2:DescribeVpnGateways ec2:DetachVpnGateway"
        " ec2:DisassociateAddress ec2:DisassociateNatGatewayAddress"
        " ec2:DisassociateSubnetCidrBlock ec2:Get* ec2:ModifyVpcTenancy"
        " ec2:UnassignPrivateNatGatewayAddress ecr:DeleteLifecyclePolicy"
        " ecr:DeleteRepositoryPolicy ecr:PutLifecyclePolicy ecr:SetRepositoryPolicy"
        " elasticloadbalancing:DeregisterTargets elasticloadbalancing:Describe*"
        " elasticloadbalancing:ModifyCapacityReservation elasticloadbalancing:ModifyIpPools"
        " elasticloadbalancing:RegisterTargets elasticloadbalancing:SetIpAddressType"
        " firehose:TagDeliveryStream iam:AddUserToGroup iam:AttachGroupPolicy"
        " iam:CreateLoginProfile iam:DeleteLoginProfile iam:DeleteRolePermissionsBoundary"
        " iam:DeleteUserPermissionsBoundary iam:DeleteUserPolicy iam:DetachGroupPolicy"
        " iam:PutRolePermissionsBoundary iam:PutUserPermissionsBoundary iam:PutUserPolicy"
        " iam:RemoveUserFromGroup iam:UpdateLoginProfile kinesis:DescribeStream"
        " kinesis:PutRecords kms:RetireGrant kms:RevokeGrant logs:CreateLogDelivery"
        " logs:CreateLogStream logs:DeleteDataProtectionPolicy logs:DeleteIndexPolicy"
        " logs:DeleteLogDelivery logs:DeleteResourcePolicy logs:DescribeLogStreams"
        " logs:DescribeResourcePolicies logs:PutBearerTokenAuthentication"
        " logs:PutDataProtectionPolicy logs:PutIndexPolicy logs:PutLogEvents"
        " logs:PutLogGroupDeletionProtection logs:PutResourcePolicy"
        " s3:CreateBucketMetadataTableConfiguration s3:DeleteBucketMetadataTableConfiguration"
        " s3:DeleteBucketWebsite s3:DeleteObject s3:GetObject s3:PutAccelerateConfiguration"
        " s3:PutAnalyticsConfiguration s3:PutBucketAbac s3:PutBucketAcl s3:PutBucketCORS"
        " s3:PutBucketLogging s3:PutBucketNotification s3:PutBucketObjectLockConfiguration"
        " s3:PutBucketWebsite s3:PutIntelligentTieringConfiguration"
        " s3:PutInventoryConfiguration s3:PutMetricsConfiguration s3:PutObjectAcl"
        " s3:PutReplicationConfiguration s3:UpdateBucketMetadataAnnotationTableConfiguration"
        " s3:UpdateBucketMetadataInventoryTableConfiguration"
        " s3:UpdateBucketMetadataJournalTableConfiguration s3tables:CreateNamespace"
        " s3tables:CreateTable s3tables:CreateTableBucket s3tables:GetTable"
        " s3tables:GetTableMetadataLocation s3tables:PutTableBucketPolicy"
        " s3tables:PutTableEncryption s3tables:PutTablePolicy"
        " s3tables:UpdateTableMetadataLocation secretsmanager:RemoveRegionsFromReplication"
        " secretsmanager:ReplicateSecretToRegions ssm:Get*"
        " vpc-lattice:CreateServiceNetworkVpcEndpointAssociation vpc-lattice:DeregisterTargets"
        " vpc-lattice:GetTargetGroup vpc-lattice:ListTargets vpc-lattice:RegisterTargets"
        " vpce:AllowMultiRegion",
    ),
)
"""Why an action of a handler is not granted, and the actions."""
