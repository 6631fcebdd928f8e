from __future__ import annotations

import json

from convox.templates.model import (
    Base64,
    GetAtt,
    Join,
    Output,
    Parameter,
    Ref,
    Resource,
    Template,
    render,
)


def test_values_become_the_intrinsics_that_cloudformation_reads():
    assert render(Ref("A")) == {"Ref": "A"}
    assert render(GetAtt("A", "Arn")) == {"Fn::GetAtt": ["A", "Arn"]}
    assert render(Join((Ref("A"), "b"))) == {"Fn::Join": [",", [{"Ref": "A"}, "b"]]}
    assert render(Base64("x")) == {"Fn::Base64": "x"}
    assert render({"a": [True, 1, None, "plain", "${B}"]}) == {
        "a": [True, 1, None, "plain", {"Fn::Sub": "${B}"}]
    }


def test_a_template_has_no_empty_section_and_keeps_its_order():
    made = Template("one", {"B": Resource("X::Y", {}), "A": Resource("X::Y", {})})

    assert list(made.to_json()) == ["AWSTemplateFormatVersion", "Description", "Resources"]
    assert list(json.loads(made.minified())["Resources"]) == ["B", "A"]
    assert made.types() == {"X::Y"}


def test_what_is_kept_says_so_for_deletion_and_for_replacement():
    kept = {
        keep: Template("t", {"A": Resource("X", {}, keep=keep)}).to_json()["Resources"]["A"]
        for keep in ("", "replaced", "always")
    }

    assert "DeletionPolicy" not in kept[""]
    assert (kept["replaced"]["DeletionPolicy"], kept["replaced"]["UpdateReplacePolicy"]) == (
        "Delete",
        "Retain",
    )
    assert kept["always"]["DeletionPolicy"] == "Retain"


def test_parameters_outputs_and_policies_of_updates_are_rendered():
    made = Template(
        "t",
        {"A": Resource("X", {}, depends_on=("B",), update_policy={"P": 1})},
        {"Bare": Parameter("String", "d"), "Full": Parameter("String", "d", "x", "x+")},
        {"O": Output(Ref("A"), "out")},
    ).to_json()

    assert made["Parameters"]["Bare"] == {"Type": "String", "Description": "d"}
    assert made["Parameters"]["Full"]["Default"] == "x"
    assert made["Parameters"]["Full"]["AllowedPattern"] == "x+"
    assert made["Resources"]["A"]["DependsOn"] == ["B"]
    assert made["Resources"]["A"]["UpdatePolicy"] == {"P": 1}
    assert made["Outputs"]["O"] == {"Description": "out", "Value": {"Ref": "A"}}
