from __future__ import annotations

import json

from convox.providers.aws.calls import INSTALLER
from convox.templates.option_table import OPTIONS
from convox.templates.plan import plan
from tests.unit.templates.worlds import LARGEST, NAMED, grid, spec


def test_a_plan_is_json_and_the_same_every_time():
    for words in NAMED.values():
        made = plan(spec(words), INSTALLER)
        assert json.loads(json.dumps(made)) == made
        assert plan(spec(words), INSTALLER) == made


def test_every_listener_names_the_option_that_asked_for_it():
    for one, _ in grid():
        made = plan(one, INSTALLER)
        assert made["listeners"]
        for listener in made["listeners"]:
            option = listener["asked_by"].partition("=")
            assert one.options.text(option[0]) == option[2]


def test_openings_are_the_rules_of_all_templates():
    made = plan(spec(LARGEST), INSTALLER)
    api = [r["peer"] for r in made["inbound"] if r["group"] == "ApiBalancerSecurity"]

    assert api == ["198.51.100.0/24", "203.0.113.7/32"]
    assert {"group": "ApiSecurity", "peer": "ApiBalancerSecurity", "port": "5443"}.items() <= {
        k: v for r in made["inbound"] if r["group"] == "ApiSecurity" for k, v in r.items()
    }.items()
    assert any(rule["group"] == "InstanceSecurity" for rule in made["outbound"])


def test_every_identity_of_the_template_is_explained():
    one = spec(LARGEST)
    made = plan(one, INSTALLER)["identities"]
    names = {i["name"].removeprefix(f"{one.names.prefix}-") for i in made}

    assert names == {
        "the installer",
        "kernel",
        "api",
        "cloudformation",
        "instance",
        "api-execution",
        "workload",
        "flow-logs",
    }


def test_every_permission_of_the_plan_has_a_reason():
    for identity in plan(spec(LARGEST), INSTALLER)["identities"]:
        assert all(permission["reason"] for permission in identity["permissions"])


def test_every_compute_resource_is_listed_with_its_tenancy():
    made = plan(spec({"Tenancy": "dedicated"}), INSTALLER)

    assert [(p["pool"], p["tenancy"]) for p in made["compute"]] == [
        ("apps", "dedicated"),
        ("builds", "dedicated"),
    ]


def test_subnets_say_their_way_out():
    ways = {
        s["kind"]: s["way_out"]
        for s in plan(spec({"Private": "No", "NatGateways": "per-zone"}), INSTALLER)["network"][
            "subnets"
        ]
    }

    assert ways == {
        "public": "internet gateway",
        "instance": "internet gateway",
        "task": "NAT gateway of its zone",
        "data": "none",
    }


def test_every_option_has_a_class_of_change():
    changes = plan(spec({}), INSTALLER)["changes"]

    assert sorted(n for c in changes.values() for n in c["options"]) == sorted(
        row[0] for row in OPTIONS
    )
