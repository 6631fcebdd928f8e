from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from convox.api.types import BuildCreateOptions, BuildUpdateOptions, ListOptions, LogsOptions
from convox.core.errors import InvalidError, NotFoundError
from tests.fakes.build_rack import WEB, BuildRack


@pytest.fixture
def rack(tmp_path):
    rack = BuildRack(tmp_path)
    yield rack
    rack.close()


def test_a_build_runs_before_its_creation_is_answered(rack):
    rack.builder.go.clear()

    build = rack.begin(description="first", git_sha="abc", wildcard_domain=True)

    assert re.fullmatch("B[A-Z]{10}", build.id)
    assert (build.app, build.status, build.release) == ("app", "running", "")
    # The builder has the manifest already, if it was quick.
    assert replace(rack.builds.build_get("app", build.id), manifest="") == build
    assert build.id in rack.logs.logs


def test_a_complete_build_has_its_release_and_what_was_said_of_it(rack):
    build = rack.build(description="first", git_sha="abc")

    assert (build.status, build.reason) == ("complete", "")
    assert (build.description, build.git_sha, build.manifest) == ("first", "abc", WEB.decode())
    assert build.ended == rack.clock.now()
    release = rack.store.releases.find("app", build.release)
    assert (release.build, release.description) == (build.id, "first")
    assert [hooked.id for hooked in rack.hooked] == [build.release]


def test_a_client_that_has_read_the_log_finds_the_status(rack):
    seen = []
    rack.logs.on_close = lambda id: seen.append(rack.builds.build_get("app", id))

    build = rack.build()

    assert [known.status for known in seen] == ["complete"]
    assert [known.release for known in seen] == [build.release]


def test_a_failed_build_says_why_and_makes_no_release(rack):
    first = rack.build()

    second = rack.build({"convox.yml": WEB})

    assert second.status == "failed"
    assert second.reason.startswith('service "web": Dockerfile not found: Dockerfile')
    assert rack.lines(second)[-1] == f"ERROR: {second.reason}"
    assert second.release == ""
    assert [known.id for known in rack.store.releases.latest("app", 9)] == [first.release]


def test_lists_the_newest_first_ten_at_most(rack):
    ids = []
    for _ in range(12):
        rack.clock.advance(1)
        ids.append(rack.build().id)

    listed = [build.id for build in rack.builds.build_list("app", ListOptions())]

    assert listed == ids[:1:-1]
    assert [b.id for b in rack.builds.build_list("app", ListOptions(limit=1))] == ids[-1:]


def test_refuses_a_source_that_is_not_an_object_of_the_app(rack):
    rack.store.apps.insert("other", "2")
    theirs = rack.upload(app="other")

    for url in (theirs, "https://example.com/x.tgz", ""):
        with pytest.raises(InvalidError, match="cannot build from"):
            rack.builds.build_create("app", BuildCreateOptions(url=url))
    with pytest.raises(NotFoundError, match="object not found: tmp/gone"):
        rack.builds.build_create("app", BuildCreateOptions(url="object://app/tmp/gone"))
    assert rack.builds.build_list("app", ListOptions()) == ()


def test_unknown_apps_and_builds_are_named(rack):
    calls = (
        rack.builds.build_get,
        lambda app, id: rack.builds.build_logs(app, id, LogsOptions()),
        lambda app, id: rack.builds.build_update(app, id, BuildUpdateOptions()),
        rack.builds.build_export,
    )
    for call in calls:
        with pytest.raises(NotFoundError, match="app not found: nope"):
            call("nope", "B")
        with pytest.raises(NotFoundError, match="build not found: BNOPE"):
            call("app", "BNOPE")


def test_a_build_of_another_app_is_not_found(rack):
    rack.store.apps.insert("other", "2")
    build = rack.build()

    with pytest.raises(NotFoundError, match=f"build not found: {build.id}"):
        rack.builds.build_get("other", build.id)


def test_records_what_a_worker_reports_and_leaves_the_rest(rack):
    build = rack.build(description="kept")
    later = build.ended + timedelta(seconds=5)

    changed = rack.builds.build_update(
        "app", build.id, BuildUpdateOptions(ended=later, entrypoint="/run")
    )

    assert (changed.ended, changed.entrypoint) == (later, "/run")
    assert (changed.description, changed.release) == ("kept", build.release)
    assert rack.builds.build_get("app", build.id) == changed


def test_logs_are_those_of_the_build(rack):
    build = rack.build()

    feed = rack.builds.build_logs("app", build.id, LogsOptions())

    assert feed.lines == ["Building: .", f"building convox/dev/app:web.{build.id}"]


def test_forgetting_an_app_ends_its_builds_and_takes_images_and_logs(rack):
    rack.build()
    rack.builder.go.clear()
    running = rack.begin()

    rack.builds.forget("app")

    assert rack.images() == set()
    assert rack.logs.logs == {}
    assert rack.builds.build_get("app", running.id).status == "failed"
    assert rack.builds.build_get("app", running.id).reason == "the app is being deleted"
