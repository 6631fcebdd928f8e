from __future__ import annotations

from dataclasses import replace

from convox.templates.data import TABLES, data_stack
from tests.unit.templates.worlds import named, of_type, spec


def test_tables_begin_with_the_racks_name_and_are_protected():
    one = spec({})
    found = of_type(data_stack(one), "DynamoDB::Table").values()

    assert {t.properties["TableName"] for t in found} == {f"{one.names.prefix}-{n}" for n in TABLES}
    for table in found:
        assert table.properties["DeletionProtectionEnabled"] is True
        assert table.properties["SSESpecification"]["SSEType"] == "KMS"
        assert table.properties["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True
        }
        assert table.keep == "replaced"


def test_a_retiring_rack_lets_its_tables_go():
    retired = data_stack(replace(spec({}), retiring=True))

    for table in of_type(retired, "DynamoDB::Table").values():
        assert table.properties["DeletionProtectionEnabled"] is False


def test_the_bucket_is_private_versioned_encrypted_and_tls_only():
    made = named("default")["rack-data"].resources
    bucket = made["Bucket"].properties

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    denials = {s["Sid"] for s in made["BucketPolicy"].properties["PolicyDocument"]["Statement"]}
    assert denials == {"OnlyByTls", "OnlyThisAccount"}


def test_no_policy_names_a_foreign_principal():
    [account, logs] = (
        named("default")["rack-data"].resources["Key"].properties["KeyPolicy"]["Statement"]
    )

    assert account["Principal"] == {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    assert list(logs["Principal"]) == ["Service"]
    assert "kms:EncryptionContext:aws:logs:arn" in logs["Condition"]["ArnLike"]


def test_the_password_is_made_in_the_account():
    secret = named("default")["rack-data"].resources["Password"].properties

    assert "SecretString" not in secret
    assert secret["GenerateSecretString"]["PasswordLength"] == 30


def test_a_certificate_is_made_with_a_zone_only():
    assert "Certificate" in named("largest")["rack-data"].resources
    assert "Certificate" not in named("default")["rack-data"].resources
