"""Releases as rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from convox.api.types import Release

RELEASE = Release(
    id="RAAAAAAAAAA",
    app="app",
    build="B1",
    env="A=1\n",
    manifest="services: {}\n",
    description="env add:A",
)


@pytest.fixture
def releases(store):
    for app in ("app", "other"):
        store.apps.insert(app, "2")
    return store.releases


def test_a_release_is_stamped_with_the_time_and_reads_back(releases, clock):
    stored = releases.insert(RELEASE)

    assert stored == replace(RELEASE, created=clock.at)
    assert releases.find("app", RELEASE.id) == stored


def test_a_release_is_of_one_app(releases):
    releases.insert(RELEASE)
    releases.set_status("other", RELEASE.id, "active")

    assert releases.find("other", RELEASE.id) is None
    assert releases.find("app", RELEASE.id).status == ""


def test_releases_come_newest_first_and_no_more_than_asked(releases, clock):
    for name in ("R1", "R2", "R3"):
        releases.insert(replace(RELEASE, id=name))
    clock.at += timedelta(microseconds=1)
    releases.insert(replace(RELEASE, id="R0"))
    releases.insert(replace(RELEASE, id="R9", app="other"))

    assert [release.id for release in releases.latest("app", 3)] == ["R0", "R3", "R2"]


def test_status_and_reason_change_together(releases):
    releases.insert(RELEASE)
    releases.set_status("app", RELEASE.id, "failed", "web keeps exiting")
    failed = releases.find("app", RELEASE.id)
    releases.set_status("app", RELEASE.id, "active")
    active = releases.find("app", RELEASE.id)

    assert (failed.status, failed.reason) == ("failed", "web keeps exiting")
    assert (active.status, active.reason) == ("active", "")
    assert (active.env, active.manifest) == (RELEASE.env, RELEASE.manifest)
