from __future__ import annotations

import pytest

from convox.core.errors import BugError
from convox.templates.iam import (
    POLICY_LIMIT,
    Call,
    Statement,
    allow,
    document,
    explained,
    merged,
    owned,
    pack,
    size,
    tagging,
    trust,
)
from convox.templates.prefix import names

NAMES = names("prod", "eu-west-1")


def test_a_statement_of_one_value_is_no_list():
    assert Statement(("a:B",), ("*",), reason="never sent").document() == {
        "Effect": "Allow",
        "Action": "a:B",
        "Resource": "*",
    }


def test_conditions_of_one_operator_are_joined():
    made = Statement(("a:B",), ("*",), (owned("p"), tagging("p"))).document()

    assert made["Condition"] == {
        "StringEquals": {"aws:ResourceTag/convox:rack": "p", "aws:RequestTag/convox:rack": "p"}
    }


def test_a_call_is_filled_with_the_names_of_the_rack():
    call = Call("s3:X", ("s3:{bucket}", "*"), "why", (("StringEquals", "k/{tag}", ("{prefix}",)),))

    made = call.statement(NAMES)

    assert made.resources == (f"arn:${{AWS::Partition}}:s3:::{NAMES.bucket}", "*")
    assert made.conditions == (("StringEquals", "k/convox:rack", (NAMES.prefix,)),)
    assert made.reason == "why"


def test_calls_of_a_feature_are_allowed_with_that_feature_only():
    calls = [Call("a:A", ("*",), "w"), Call("b:B", ("*",), "w", feature="f")]

    assert [s.actions for s in allow(calls, NAMES, frozenset())] == [("a:A",)]
    assert [s.actions for s in allow(calls, NAMES, frozenset({"f"}))] == [("a:A",), ("b:B",)]


def test_merging_joins_actions_and_reasons_and_never_resources_or_effects():
    a, b = Statement(("a:B",), ("x",), reason="one"), Statement(("a:A",), ("x",), reason="two")
    other, denied = Statement(("a:A",), ("y",)), Statement(("a:A",), ("x",), effect="Deny")

    [joined, *rest] = merged([a, b, other, denied])

    assert joined.actions == ("a:A", "a:B")
    assert joined.reason == "one; two"
    assert rest == [other, denied]


def test_packing_loses_nothing_and_keeps_every_policy_within_the_limit():
    many = [Statement((f"ec2:Action{n}",), (f"arn:{n}:{'x' * 300}",)) for n in range(60)]

    packs = pack(many, NAMES)

    assert len(packs) > 1
    assert sorted(a for p in packs for s in p for a in s.actions) == sorted(
        a for s in many for a in s.actions
    )
    assert all(size(p, NAMES) <= POLICY_LIMIT for p in packs)


@pytest.mark.parametrize(
    "statements",
    [
        [Statement(("a:B",), ("x" * POLICY_LIMIT,))],
        [Statement((f"a:B{n}",), (f"{n}{'x' * 4000}",)) for n in range(11)],
    ],
)
def test_what_does_not_fit_is_an_error_and_not_cut(statements):
    with pytest.raises(BugError, match="permissions fill"):
        pack(statements, NAMES)


def test_size_counts_the_longest_values_of_pseudo_parameters():
    short = size([Statement(("a:B",), ("${AWS::AccountId}",))], NAMES)

    assert short == size([Statement(("a:B",), ("0" * 12,))], NAMES)


def test_trusts_and_documents_are_of_the_current_version():
    made = trust("ec2.amazonaws.com", (("StringEquals", "aws:SourceAccount", ("1",)),))

    assert made["Version"] == document([])["Version"] == "2012-10-17"
    assert made["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": "1"}}
    assert "Condition" not in trust("ec2.amazonaws.com")["Statement"][0]


def test_an_explained_statement_tells_what_it_excludes():
    one = explained(Statement(("iam:*",), ("*",), (owned("p"),), "why", "Allow", exclude=True))

    assert one["not_actions"] == ["iam:*"]
    assert one["conditions"] == ["aws:ResourceTag/convox:rack StringEquals p"]
    assert one["reason"] == "why"
