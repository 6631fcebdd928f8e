from __future__ import annotations

import json
from dataclasses import replace

from convox.templates.compute import compute_stack
from tests.unit.templates.worlds import grid, named, spec


def test_the_api_runs_with_nothing_it_does_not_need():
    [container] = (
        named("default")["rack-compute"].resources["ApiTask"].properties["ContainerDefinitions"]
    )

    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert container["User"] == "1000:1000"
    assert container["Image"].endswith("@${ApiImageDigest}")
    assert "Privileged" not in container


def test_the_password_travels_by_reference_only():
    [container] = (
        named("default")["rack-compute"].resources["ApiTask"].properties["ContainerDefinitions"]
    )

    assert [secret["Name"] for secret in container["Secrets"]] == ["PASSWORD"]
    assert "PASSWORD" not in {one["Name"] for one in container["Environment"]}


def test_the_api_knows_the_options_it_goes_by():
    [container] = (
        named("largest")["rack-compute"].resources["ApiTask"].properties["ContainerDefinitions"]
    )
    settings = {one["Name"]: one["Value"] for one in container["Environment"]}["SETTINGS"]

    assert json.loads(settings)["Domain"] == "apps.example.com"


def test_the_api_never_gets_a_public_address():
    for _, made in grid():
        service = made["rack-compute"].resources["ApiService"].properties
        assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == (
            "DISABLED"
        )


def test_two_processes_of_the_api_with_high_availability_none_when_retiring():
    counts = [
        compute_stack(one).resources["ApiService"].properties["DesiredCount"]
        for one in (spec({}), spec({"HighAvailability": "No"}), replace(spec({}), retiring=True))
    ]

    assert counts == [2, 1, 0]
