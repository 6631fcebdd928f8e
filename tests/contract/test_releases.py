"""Builds, releases, promote and scale, over every implementation of the contract."""

from __future__ import annotations

import pytest

from convox.api import types
from convox.core.errors import ConvoxError, NotFoundError
from tests.contract.acts import Reader, build, deploy, eventually, promote
from tests.contract.worlds import MANIFEST, archive


def test_a_build_makes_a_release(world, app):
    done = build(world, app, description="first", git_sha="abc123")

    assert (done.status, done.description, done.git_sha) == ("complete", "first", "abc123")
    release = world.rack.release_get(app, done.release)
    assert (release.build, release.manifest) == (done.id, done.manifest)
    assert done.started < done.ended


def test_a_build_without_a_dockerfile_fails_and_says_why(world, app):
    done = build(world, app, source=archive({"convox.yml": MANIFEST}))

    assert done.status == "failed"
    assert "Dockerfile" in done.reason
    assert done.release == ""


def test_a_build_log_is_the_same_twice_and_ends(world, app):
    done = build(world, app)

    first, second = Reader(), Reader()
    world.rack.build_logs(app, done.id, types.LogsOptions()).attach(first)
    world.rack.build_logs(app, done.id, types.LogsOptions()).attach(second)

    assert first.until(None) == second.until(None) != ""


def test_a_build_of_an_unknown_object_is_refused(rack, app):
    with pytest.raises(ConvoxError, match="tmp/nothing"):
        rack.build_create(app, types.BuildCreateOptions(url=f"object://{app}/tmp/nothing"))


def test_builds_and_releases_are_listed_newest_first(world, app):
    first, second = build(world, app), build(world, app)
    rack = world.rack

    assert [b.id for b in rack.build_list(app, types.ListOptions())] == [second.id, first.id]
    assert [r.id for r in rack.release_list(app, types.ListOptions(limit=1))] == [second.release]


def test_an_unknown_build_or_release_is_not_found(rack, app):
    with pytest.raises(NotFoundError, match="build not found: BAAAAAAAAAA"):
        rack.build_get(app, "BAAAAAAAAAA")
    with pytest.raises(NotFoundError, match="release not found: RAAAAAAAAAA"):
        rack.release_get(app, "RAAAAAAAAAA")


def test_env_makes_a_release_from_the_newest_one(world, app):
    done = build(world, app)
    rack = world.rack

    release = rack.release_create(app, types.ReleaseCreateOptions(env="B=2\nA=1"))

    found = rack.release_get(app, release.id)
    assert (found.build, found.env) == (done.id, "A=1\nB=2")
    listed = rack.release_list(app, types.ListOptions())
    assert listed[0].id == release.id
    assert {r.env for r in listed} == {""}, "lists carry no env"


def test_a_build_keeps_the_newest_env(world, app):
    rack = world.rack
    rack.release_create(app, types.ReleaseCreateOptions(env="A=1"))

    done = build(world, app)

    assert rack.release_get(app, done.release).env == "A=1"


def test_env_can_be_emptied(rack, app):
    rack.release_create(app, types.ReleaseCreateOptions(env="A=1"))

    release = rack.release_create(app, types.ReleaseCreateOptions(env=""))

    assert rack.release_get(app, release.id).env == ""


def test_a_release_without_a_manifest_cannot_be_promoted(rack, app):
    release = rack.release_create(app, types.ReleaseCreateOptions(env="A=1"))

    with pytest.raises(ConvoxError, match="empty manifest"):
        rack.release_promote(app, release.id, types.ReleasePromoteOptions())

    assert rack.app_get(app).release == ""


def test_an_older_release_cannot_be_promoted(world, app):
    first = build(world, app).release
    deploy(world, app)

    with pytest.raises(ConvoxError, match="older release, try rollback"):
        world.rack.release_promote(app, first, types.ReleasePromoteOptions())


def test_promoting_an_unknown_release_is_refused(rack, app):
    with pytest.raises(NotFoundError, match="release not found: RAAAAAAAAAA"):
        rack.release_promote(app, "RAAAAAAAAAA", types.ReleasePromoteOptions())


def test_a_promoted_app_runs_its_services(world, deployed):
    rack = world.rack

    services = rack.service_list(deployed)

    assert [(s.name, s.count) for s in services] == [("web", 1)]
    assert running(rack, deployed) == 1


def test_scale_changes_the_number_of_processes(world, deployed):
    rack = world.rack

    rack.service_update(deployed, "web", types.ServiceUpdateOptions(count=2))
    eventually(lambda: running(rack, deployed) == 2)
    rack.service_update(deployed, "web", types.ServiceUpdateOptions(count=1))
    eventually(lambda: running(rack, deployed) == 1)

    assert rack.service_list(deployed)[0].count == 1


@pytest.mark.parametrize("count", [-1, -(2**40)])
def test_a_scale_below_zero_is_refused(world, deployed, count):
    with pytest.raises(ConvoxError):
        world.rack.service_update(deployed, "web", types.ServiceUpdateOptions(count=count))


def test_an_unknown_service_is_not_found(world, deployed):
    with pytest.raises(NotFoundError, match="service not found: nobody"):
        world.rack.service_update(deployed, "nobody", types.ServiceUpdateOptions(count=1))


def test_restart_replaces_the_processes(world, deployed):
    rack = world.rack
    before = {p.id for p in rack.process_list(deployed, types.ProcessListOptions())}

    rack.service_restart(deployed, "web")

    def is_replaced():
        now = rack.process_list(deployed, types.ProcessListOptions())
        return now and not before & {p.id for p in now}

    eventually(is_replaced)


def test_a_second_promote_moves_the_processes(world, app):
    rack = world.rack
    deploy(world, app)
    release = rack.release_create(app, types.ReleaseCreateOptions(env="A=1")).id

    promote(rack, app, release)

    options = types.ProcessListOptions(release=release)
    eventually(lambda: [p.name for p in rack.process_list(app, options)] == ["web"])


def running(rack, app):
    found = rack.process_list(app, types.ProcessListOptions(service="web"))
    return len([p for p in found if p.status == "running"])
