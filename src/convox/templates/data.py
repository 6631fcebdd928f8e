"""The data stack: key, bucket, tables, repository, the API's password, certificate of a zone.

Made before the network, so that everything later can be encrypted with the key. What holds data is
kept when a change would replace it; tables refuse deletion until the rack is being retired.
"""

from __future__ import annotations

from convox.templates.model import GetAtt, Output, Ref, Resource, Template, Value
from convox.templates.spec import Part, Spec, template

TABLES = ("apps", "builds", "releases")


def data_stack(spec: Spec) -> Template:
    """Return what keeps the data of a rack."""
    parts = [_key(spec), _bucket(spec), _tables(spec), _repository(spec), _password(spec)]
    if spec.options.text("HostedZone") and not spec.options.text("Certificate"):
        parts.append(_certificate(spec))
    return template(spec, "key, bucket, tables and images", *parts)


def _key(spec: Spec) -> Part:
    prefix = spec.names.prefix
    key = Resource(
        "AWS::KMS::Key",
        {
            "Description": f"data of the rack {prefix}",
            "EnableKeyRotation": True,
            "PendingWindowInDays": 30,
            "KeyPolicy": {"Version": "2012-10-17", "Statement": _key_policy(spec)},
        },
        keep="replaced",
    )
    alias = Resource(
        "AWS::KMS::Alias", {"AliasName": f"alias/{prefix}-rack", "TargetKeyId": Ref("Key")}
    )
    output = Output(GetAtt("Key", "Arn"), "key of the rack's data")
    return Part({"Key": key, "KeyAlias": alias}, outputs={"KeyArn": output})


def _key_policy(spec: Spec) -> list[Value]:
    """The account decides by its policies; the log service may use it for the rack's logs."""
    logs = spec.names.arn("logs:log-group:{prefix}-*")
    return [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.${AWS::Region}.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        },
    ]


def _bucket(spec: Spec) -> Part:
    by_key: Value = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": GetAtt("Key", "Arn")}
    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    bucket = Resource(
        "AWS::S3::Bucket",
        {
            "BucketName": spec.names.bucket,
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_key}
                ]
            },
            "LifecycleConfiguration": {"Rules": _lifecycle()},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": dict.fromkeys(closed, True),
            "VersioningConfiguration": {"Status": "Enabled"},
        },
        keep="replaced",
    )
    policy = Resource(
        "AWS::S3::BucketPolicy",
        {
            "Bucket": Ref("Bucket"),
            "PolicyDocument": {"Version": "2012-10-17", "Statement": _bucket_policy(spec)},
        },
    )
    output = Output(Ref("Bucket"), "bucket of the rack")
    return Part({"Bucket": bucket, "BucketPolicy": policy}, outputs={"BucketName": output})


def _lifecycle() -> list[Value]:
    return [
        {
            "Id": "uploads",
            "Status": "Enabled",
            "Prefix": "tmp/",
            "ExpirationInDays": 7,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        {
            "Id": "versions",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 365},
        },
    ]


def _bucket_policy(spec: Spec) -> list[Value]:
    everything: list[Value] = [spec.names.arn("s3:{bucket}"), spec.names.arn("s3:{bucket}/*")]
    base = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    return [
        {**base, "Sid": "OnlyByTls", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {
            **base,
            "Sid": "OnlyThisAccount",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "${AWS::AccountId}"}},
        },
    ]


def _tables(spec: Spec) -> Part:
    resources = {f"Table{name.capitalize()}": _table(spec, name) for name in TABLES}
    return Part(resources)


def _table(spec: Spec, name: str) -> Resource:
    key = "name" if name == "apps" else "id"
    properties: dict[str, Value] = {
        "TableName": f"{spec.names.prefix}-{name}",
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": not spec.retiring,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": GetAtt("Key", "Arn"),
        },
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
    }
    if name != "apps":
        properties |= _by_app(key)
    return Resource("AWS::DynamoDB::Table", properties, keep="replaced")


def _by_app(key: str) -> dict[str, Value]:
    """Builds and releases are also found by app, newest first."""
    index: dict[str, Value] = {
        "IndexName": "app.created",
        "KeySchema": [
            {"AttributeName": "app", "KeyType": "HASH"},
            {"AttributeName": "created", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    attributes = [{"AttributeName": n, "AttributeType": "S"} for n in (key, "app", "created")]
    return {"AttributeDefinitions": attributes, "GlobalSecondaryIndexes": [index]}


def _repository(spec: Spec) -> Part:
    repository = Resource(
        "AWS::ECR::Repository",
        {
            "RepositoryName": f"{spec.names.prefix}-rack",
            "EmptyOnDelete": True,
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "ImageTagMutability": "IMMUTABLE",
        },
        keep="replaced",
    )
    output = Output(Ref("Repository"), "repository of the rack's own images")
    return Part({"Repository": repository}, outputs={"RepositoryName": output})


def _password(spec: Spec) -> Part:
    """The password is made in the account: no template, parameter or command line holds it."""
    secret = Resource(
        "AWS::SecretsManager::Secret",
        {
            "Name": f"{spec.names.prefix}-rack-password",
            "Description": "password of the rack's API",
            "GenerateSecretString": {"ExcludePunctuation": True, "PasswordLength": 30},
            "KmsKeyId": GetAtt("Key", "Arn"),
        },
        keep="replaced",
    )
    output = Output(Ref("Password"), "secret with the password of the API")
    return Part({"Password": secret}, outputs={"PasswordArn": output})


def _certificate(spec: Spec) -> Part:
    name = f"*.{spec.options.text('Domain')}"
    certificate = Resource(
        "AWS::CertificateManager::Certificate",
        {
            "DomainName": name,
            "ValidationMethod": "DNS",
            "DomainValidationOptions": [
                {"DomainName": name, "HostedZoneId": spec.options.text("HostedZone")}
            ],
        },
    )
    output = Output(Ref("Certificate"), f"certificate for {name}")
    return Part({"Certificate": certificate}, outputs={"CertificateArn": output})
