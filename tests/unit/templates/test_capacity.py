"""P7 and P8 over the grid: no address from outside, tenancy on every instance, IMDSv2, no keys."""

from __future__ import annotations

from dataclasses import replace

from convox.templates.capacity import MOST_INSTANCES, pool, pools
from tests.unit.templates.worlds import grid, named, of_type, spec


def launches():
    for one, made in grid():
        for launch in of_type(made["rack-compute"], "EC2::LaunchTemplate").values():
            yield one, launch.properties["LaunchTemplateData"]


def test_every_instance_has_the_tenancy_that_was_asked_for():
    for one, data in launches():
        assert data["Placement"] == {"Tenancy": one.options.text("Tenancy")}


def test_a_private_instance_has_no_public_address():
    for one, data in launches():
        [interface] = data["NetworkInterfaces"]
        assert interface["AssociatePublicIpAddress"] is not one.options.on("Private")


def test_metadata_takes_a_token_and_one_hop_and_disks_are_encrypted():
    for _, data in launches():
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
        assert all(disk["Ebs"]["Encrypted"] is True for disk in data["BlockDeviceMappings"])
        assert "KeyName" not in data


def test_a_dedicated_rack_has_nothing_that_cannot_be():
    shared = ("Lambda::", "CodeBuild::", "ElastiCache::")
    for _, made in grid():
        types = {one for template in made.values() for one in template.types()}
        assert not [one for one in types if one.removeprefix("AWS::").startswith(shared)]
        task = made["rack-compute"].resources["ApiTask"].properties
        assert task["RequiresCompatibilities"] == ["EC2"]


def test_user_data_is_small_and_blocks_metadata_from_tasks():
    for _, data in launches():
        assert len(data["UserData"].text) < 16384
        assert "ECS_AWSVPC_BLOCK_IMDS=true" in data["UserData"].text


def test_apps_never_share_an_instance_with_builds():
    apps, builds = pools(spec({}))

    assert (apps.least, apps.most) == (3, MOST_INSTANCES + 1)
    assert builds.least == 0
    assert any("seccomp" in line for line in builds.script)
    assert apps.script == ()


def test_a_retiring_rack_runs_nothing():
    assert {(one.least, one.most) for one in pools(replace(spec({}), retiring=True))} == {(0, 0)}


def test_without_autoscale_the_count_is_the_limit():
    assert pools(spec({"Autoscale": "No", "InstanceCount": "5"}))[0].most == 6


def test_spot_is_above_what_is_on_demand():
    group = named("largest")["rack-compute"].resources["AppsGroup"].properties
    shares = group["MixedInstancesPolicy"]["InstancesDistribution"]

    assert (shares["OnDemandBaseCapacity"], shares["SpotMaxPrice"]) == (3, "0.1")
    builds = pool(spec({"SpotInstanceBid": "0.1"}), pools(spec({}))[1]).resources["BuildsGroup"]
    assert "MixedInstancesPolicy" not in builds.properties
