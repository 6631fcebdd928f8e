from __future__ import annotations

from convox.templates.permissions import (
    execution_statements,
    flow_statements,
    instance_statements,
    kernel_statements,
    workload_statements,
)
from tests.unit.templates.worlds import LARGEST, spec


def actions(statements) -> set[str]:
    return {action for one in statements for action in one.actions}


def test_every_permission_says_why():
    one = spec(LARGEST)
    for made in (kernel_statements, instance_statements, execution_statements, flow_statements):
        assert all(statement.reason for statement in made(one))


def test_the_kernel_has_what_its_options_need_and_no_more():
    small, large = actions(kernel_statements(spec({}))), actions(kernel_statements(spec(LARGEST)))

    assert "acm:ImportCertificate" in small - large
    assert "ec2:DescribeManagedPrefixLists" in large - small


def test_instances_may_not_read_data_or_images():
    found = actions(instance_statements(spec({})))

    assert {name.partition(":")[0] for name in found} == {"ecs", "ssm", "ssmmessages"}


def test_the_execution_role_reads_one_secret_and_one_repository():
    one = spec({})
    made = {s.actions[0]: s.resources for s in execution_statements(one)}

    [secret] = made["secretsmanager:GetSecretValue"]
    assert secret.endswith(f":secret:{one.names.prefix}-rack-password-*")
    [repository] = made["ecr:BatchGetImage"]
    assert repository.endswith(f":repository/{one.names.prefix}-rack")


def test_the_boundary_denies_what_carries_another_racks_tag():
    one = spec({})
    [foreign] = [s for s in workload_statements(one) if s.conditions]

    assert foreign.effect == "Deny"
    assert {values for _, _, values in foreign.conditions} == {("false",), (one.names.prefix,)}
