from __future__ import annotations

from itertools import chain

import pytest

from convox.providers.aws.calls import INSTALLER, KERNEL
from convox.templates import rack
from convox.templates.iam import Statement, allow
from convox.templates.narrowing import PASSED, SERVICE
from convox.templates.narrowing_installer import INSTALLER as INSTALLER_ROWS
from convox.templates.permissions import (
    execution_statements,
    flow_statements,
    instance_statements,
    workload_statements,
)
from convox.templates.service_role import (
    _handlers,
    dropped,
    handler_actions,
    installer_statements,
    service_statements,
)
from tests.unit.templates import reference
from tests.unit.templates.worlds import LARGEST, NAMED, spec


def types(words: dict[str, str]) -> frozenset[str]:
    made = rack.stacks(spec(words))
    return frozenset(chain.from_iterable(template.types() for template in made.values()))


def all_statements(which: str) -> list[Statement]:
    one = spec(NAMED[which])
    made = types(dict(NAMED[which]))
    return [
        *service_statements(made, one.names, one.options),
        *rack.installer(one, INSTALLER),
        *allow(KERNEL, one.names, one.options.features),
        *instance_statements(one),
        *execution_statements(one),
        *flow_statements(one),
    ]


def test_every_action_of_a_handler_is_granted_or_dropped_for_a_reason():
    granted = {a for row in (*SERVICE, *INSTALLER_ROWS) for a in row[2].split()}
    needed = set(chain.from_iterable(handler_actions(one) for one in _handlers()))

    assert needed - granted - dropped().keys() - {"iam:PassRole"} == set()
    assert granted & dropped().keys() == set()


def test_nothing_is_reviewed_that_no_handler_asks_for():
    granted = {a for row in (*SERVICE, *INSTALLER_ROWS) for a in row[2].split()}
    needed = set(chain.from_iterable(handler_actions(one) for one in _handlers()))

    assert granted - needed == set()
    assert dropped().keys() - needed == set()


def test_every_type_of_every_rack_is_in_the_handlers_that_were_reviewed():
    for words in NAMED.values():
        assert types(dict(words)) <= _handlers().keys()


@pytest.mark.parametrize("which", NAMED)
def test_every_action_exists_and_is_named_in_full(which):
    named = {action for one in all_statements(which) for action in one.actions}

    assert {action for action in named if "*" in action} == set()
    assert {action for action in named if not reference.exists(action)} == set()


@pytest.mark.parametrize("which", NAMED)
def test_every_resource_is_of_a_type_that_the_action_takes(which):
    wrong = [
        (action, resource)
        for one in all_statements(which)
        for action in one.actions
        for resource in one.resources
        if resource != "*" and not reference.is_of_types(resource, action)
    ]

    assert wrong == []


@pytest.mark.parametrize("which", NAMED)
def test_every_condition_is_one_that_aws_sends_with_the_action(which):
    wrong = [
        (action, key)
        for one in all_statements(which)
        for action in one.actions
        for _, key, _ in one.conditions
        if not reference.knows_condition(key, action, one.resources)
    ]

    assert wrong == []


@pytest.mark.parametrize("which", NAMED)
def test_all_resources_are_named_only_where_aws_offers_nothing_narrower(which):
    wide = {
        action
        for one in all_statements(which)
        for action in one.actions
        if "*" in one.resources and not one.conditions and reference.resource_types(action)
    }

    assert wide == set()


@pytest.mark.parametrize("which", NAMED)
def test_nothing_is_changed_on_all_resources_without_a_condition(which):
    wide = {
        action
        for one in all_statements(which)
        for action in one.actions
        if "*" in one.resources and not one.conditions and reference.changes(action)
    }

    assert wide <= SESSIONS


SESSIONS = {
    "ecs:DiscoverPollEndpoint",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
"""What agents on an instance say about themselves: AWS offers neither resource nor condition."""


def test_roles_of_apps_are_written_only_with_the_boundary():
    one = spec({})
    writes = [
        s
        for s in service_statements(types({}), one.names, one.options)
        for action in s.actions
        if action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy")
    ]

    assert len(writes) == 3
    for statement in writes:
        assert statement.conditions[0][1] == "iam:PermissionsBoundary"
        assert all(f":role/convox/{one.names.prefix}/app/" in r for r in statement.resources)


def test_the_service_role_writes_nothing_of_the_kernel():
    one = spec(LARGEST)
    written = {
        (action, resource)
        for s in service_statements(types(LARGEST), one.names, one.options)
        for action in s.actions
        for resource in s.resources
        if "/kernel/" in resource and reference.changes(action)
    }

    assert {action for action, _ in written} == {"iam:PassRole"}


def test_a_role_is_passed_only_by_exact_name_or_on_the_path_of_apps():
    for service, shorts in PASSED.values():
        assert service.endswith(".amazonaws.com")
        assert all("/app/" in short or not short.endswith("*") for short in shorts)


def test_nobody_makes_service_linked_roles_but_the_installer():
    one = spec(LARGEST)
    kernel = allow(KERNEL, one.names, one.options.features)
    service = service_statements(types(LARGEST), one.names, one.options)

    actions = {action for s in (*kernel, *service) for action in s.actions}

    assert "iam:CreateServiceLinkedRole" not in actions
    assert "iam:CreateServiceLinkedRole" in {
        action for s in rack.installer(one, INSTALLER) for action in s.actions
    }


def test_the_kernel_writes_no_identity_and_no_resource_but_data_of_its_own():
    one = spec({})
    written = {
        action
        for s in allow(KERNEL, one.names, one.options.features)
        for action in s.actions
        if reference.changes(action) and not action.startswith("cloudformation:")
    }

    assert {a for a in written if a.startswith("iam:")} == {"iam:PassRole"}
    assert {a.partition(":")[0] for a in written} == {"acm", "ecr", "iam", "kms", "s3"}


def test_an_existing_vpc_is_named_and_not_tagged():
    one = spec(NAMED["existing"])
    found = service_statements(types(dict(NAMED["existing"])), one.names, one.options)
    arn = one.names.arn("ec2:vpc/vpc-0123456789abcdef0")

    [statement] = [s for s in found if s.resources == (arn,)]
    actions = {action for s in found for action in s.actions}

    assert statement.conditions == ()
    assert "ec2:DeleteVpc" not in actions
    assert "ec2:ModifyVpcAttribute" not in actions


def test_the_boundary_names_what_no_app_may_do():
    one = spec({})
    ceiling, never, foreign, own = workload_statements(one)

    assert ceiling.exclude
    assert (never.effect, never.actions) == ("Deny", ceiling.actions)
    assert {"iam:*", "cloudformation:*", "sts:AssumeRole*"} <= set(never.actions)
    assert foreign.effect == own.effect == "Deny"
    assert one.names.arn("dynamodb:table/{prefix}-apps") in own.resources


def test_the_reason_of_a_permission_names_the_types_that_need_it():
    one = spec({})
    found = service_statements(["AWS::KMS::Key"], one.names, one.options)

    [made] = [s for s in found if "kms:CreateKey" in s.actions]

    assert made.reason == "handlers of KMS::Key"


def test_an_unknown_type_is_no_silent_gap():
    one = spec({})

    with pytest.raises(KeyError):
        installer_statements(["AWS::Lambda::Function"], one.names, one.options)


def test_the_kernel_has_far_fewer_actions_than_the_incumbents_of_2017():
    """Its wildcards alone, without some 240 actions that it listed."""
    wild = ("cloudformation", "dynamodb", "ecr", "events", "lambda", "rds", "s3")
    theirs = sum(map(reference.count, wild))
    one = spec(LARGEST)
    ours = {a for s in allow(KERNEL, one.names, one.options.features) for a in s.actions}

    assert len(ours) * 5 < theirs
