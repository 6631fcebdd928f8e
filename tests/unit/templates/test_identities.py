"""P3, P4, P9 over the grid: paths, prefixes, size of policies, and who can assume whom."""

from __future__ import annotations

import json

from convox.security.globs import meeting
from convox.templates.iam import POLICY_LIMIT
from convox.templates.model import render
from tests.unit.templates.worlds import LARGEST, LONGEST, REGION, grid, named, of_type, spec, stacks

IDENTITIES = ("IAM::Role", "IAM::User", "IAM::ManagedPolicy", "IAM::InstanceProfile")


def test_every_identity_is_on_the_kernels_path_and_begins_with_the_prefix():
    for one, made in grid():
        for kind in IDENTITIES:
            for resource in of_type(made["identities"], kind).values():
                values = resource.properties
                [name] = [v for k, v in values.items() if k.endswith("Name")]
                assert values["Path"] == f"/convox/{one.names.prefix}/kernel/"
                assert name.startswith(f"{one.names.prefix}-")


def test_identities_are_in_their_own_stack_and_nowhere_else():
    for _, made in grid():
        for part, template in made.items():
            iam = {one for one in template.types() if one.startswith("AWS::IAM::")}
            assert (part == "identities") == bool(iam)


def test_no_managed_policy_is_larger_than_iam_takes_even_for_the_longest_name():
    for made in (*(m for _, m in grid()), stacks(LARGEST, LONGEST)):
        for template in made.values():
            for one in of_type(template, "IAM::ManagedPolicy").values():
                text = json.dumps(one.properties["PolicyDocument"], separators=(",", ":"))
                text = text.replace("${AWS::Partition}", "aws-us-gov")
                text = text.replace("${AWS::AccountId}", "0" * 12)
                assert len(text.replace("${AWS::Region}", REGION)) <= POLICY_LIMIT


def test_nobody_holds_more_policies_than_iam_attaches():
    for _, made in grid():
        for one in made["identities"].resources.values():
            assert len(one.properties.get("ManagedPolicyArns", [])) <= 10


def test_kernel_user_and_api_hold_the_same_policies():
    made = named("default")["identities"].resources

    assert (
        made["KernelUser"].properties["ManagedPolicyArns"]
        == made["ApiRole"].properties["ManagedPolicyArns"]
    )


def test_no_template_makes_a_key():
    for _, made in grid():
        for template in made.values():
            assert "AWS::IAM::AccessKey" not in template.types()


def test_roles_trust_services_of_aws_only():
    for _, made in grid():
        for one in of_type(made["identities"], "IAM::Role").values():
            for statement in render(one.properties["AssumeRolePolicyDocument"])["Statement"]:
                assert list(statement["Principal"]) == ["Service"]


def test_the_rack_may_not_touch_the_stack_of_its_identities():
    one = spec({})
    stack = one.names.arn("cloudformation:stack/{prefix}-identities/*")
    touched = [
        resource
        for call in one.calls
        if call.action.startswith("cloudformation:")
        for resource in call.statement(one.names).resources
    ]

    assert touched
    assert meeting(touched, [stack]) is None
