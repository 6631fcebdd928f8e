from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.driver import offline

RACK = ("rack", "install", "aws", "--name", "prod", "--region", "eu-west-1")


def test_the_template_is_one_object_of_stacks_in_order(tmp_path: Path) -> None:
    ran = offline(*RACK, "--template", settings=tmp_path)

    names = list(json.loads(ran.out))
    assert ran.code == 0
    assert [name.split("-", 2)[2] for name in names] == [
        "identities",
        "rack-data",
        "rack-network",
        "rack-compute",
    ]


def test_one_stack_alone(tmp_path: Path) -> None:
    whole = json.loads(offline(*RACK, "--template", settings=tmp_path).out)
    ran = offline(*RACK, "--template", "--stack", "rack-network", settings=tmp_path)

    assert json.loads(ran.out) in whole.values()


def test_the_same_words_give_the_same_bytes_in_any_process() -> None:
    words = [sys.executable, "-m", "convox.cli", *RACK, "Tenancy=dedicated", "--template"]
    made = {
        subprocess.run(
            words,
            env={**os.environ, "PYTHONHASHSEED": seed, "HOME": "/nonexistent"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(made) == 1


def test_a_plan_for_a_person_and_for_machines(tmp_path: Path) -> None:
    shown = offline(*RACK, "Tenancy=dedicated", "--plan", settings=tmp_path)
    machine = offline(*RACK, "Tenancy=dedicated", "--plan", "--json", settings=tmp_path)

    assert shown.out.startswith("Rack prod in eu-west-1\n")
    assert json.loads(machine.out)["network"]["tenancy"] == "dedicated"


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_may_come_from_the_environment(tmp_path: Path, variable: str) -> None:
    ran = offline(
        "rack",
        "install",
        "aws",
        "-n",
        "prod",
        "--plan",
        settings=tmp_path,
        **{variable: "us-east-2"},
    )

    assert ran.out.startswith("Rack prod in us-east-2\n")


def test_without_a_region_it_is_said_which_one_is_taken(tmp_path: Path) -> None:
    ran = offline("rack", "install", "aws", "-n", "prod", "--plan", settings=tmp_path)

    assert ran.out.startswith("Rack prod in us-east-1\n")
    assert "region us-east-1; for another: --region NAME" in ran.err


def test_the_policy_can_be_attached_as_it_is(tmp_path: Path) -> None:
    ran = offline(*RACK, "--policy", settings=tmp_path)

    assert "${" not in ran.out
    assert json.loads(ran.out)["Version"] == "2012-10-17"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rack", "install", "aws", "--plan"), "a rack on AWS needs a name"),
        ((*RACK, "--plan", "--policy"), "are two questions"),
        ((*RACK, "--plan", "--template"), "are two questions"),
        ((*RACK, "--plan", "--stack", "x"), "--stack goes with --template"),
        ((*RACK, "--template", "--stack", "x"), "no stack 'x'"),
        ((*RACK, "--plan", "Tenancy"), "Key=Value expected: Tenancy"),
        ((*RACK, "--plan", "Private=No", "Private=Yes"), "Private is given twice"),
        ((*RACK, "--plan", "ClientId=1"), "ClientId is not an option of this rack"),
        ((*RACK, "--plan", "Tenancy=dedicated", "InstanceType=t2.large"), "does not go with"),
        (RACK, "racks on AWS cannot be installed yet"),
        (("rack", "install", "local", "--plan"), "--plan is for racks on AWS"),
    ],
)
def test_a_wrong_question_is_one_error(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ran = offline(*words, settings=tmp_path)

    assert ran.code == 1
    assert ran.out == ""
    assert said in ran.err
