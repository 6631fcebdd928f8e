"""Builds as rows."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from convox.api.types import Build

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
BUILD = Build(
    id="BAAAAAAAAAA",
    app="app",
    description="first",
    git_sha="abc",
    entrypoint="x",
    manifest="services: {}\n",
    release="R1",
    reason="",
    status="running",
    started=AT,
    wildcard_domain=True,
)


@pytest.fixture
def builds(store):
    for app in ("app", "other"):
        store.apps.insert(app, "2")
    return store.builds


def test_a_build_reads_back_as_it_was_written(builds):
    builds.insert(BUILD)

    assert builds.find("app", BUILD.id) == BUILD


def test_a_build_is_replaced_as_a_whole(builds):
    builds.insert(BUILD)
    done = replace(BUILD, status="failed", reason="no such file", ended=AT, wildcard_domain=False)
    builds.update(done)

    assert builds.find("app", BUILD.id) == done


def test_a_build_of_another_app_is_neither_found_nor_replaced(builds):
    builds.insert(BUILD)
    builds.update(replace(BUILD, app="other", status="failed"))

    assert builds.find("other", BUILD.id) is None
    assert builds.find("app", BUILD.id).status == "running"


def test_an_id_is_taken_once(builds):
    builds.insert(BUILD)

    with pytest.raises(sqlite3.IntegrityError):
        builds.insert(replace(BUILD, app="other"))


def test_builds_come_newest_first_and_no_more_than_asked(builds, clock):
    for name in ("B1", "B2", "B3"):
        builds.insert(replace(BUILD, id=name))
    clock.at += timedelta(seconds=1)
    builds.insert(replace(BUILD, id="B4"))
    builds.insert(replace(BUILD, id="B5", app="other"))

    assert [build.id for build in builds.latest("app", 3)] == ["B4", "B3", "B2"]
    assert builds.latest("app", 0) == []


def test_builds_are_found_by_status_over_all_apps(builds):
    builds.insert(BUILD)
    builds.insert(replace(BUILD, id="B2", app="other"))
    builds.insert(replace(BUILD, id="B3", status="complete"))

    assert {build.id for build in builds.with_status("running")} == {BUILD.id, "B2"}
    assert builds.with_status("none") == []
