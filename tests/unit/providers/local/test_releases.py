"""Releases: made from the newest, listed without env, promoted one at a time."""

import pytest

from convox.api.types import (
    Build,
    ListOptions,
    ReleaseCreateOptions,
    ReleasePromoteOptions,
)
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from convox.providers.local.releases import env_description


def create(core, **options: object):
    core.clock.advance(1)
    return core.releases.release_create("app", ReleaseCreateOptions(**options))


def test_a_release_of_a_build_takes_its_manifest_and_description(core):
    core.app()
    release = core.release()

    assert release.id.startswith("R")
    assert release.manifest == "services:\n  web:\n    port: 3000\n"
    assert release.description == "build 1"
    assert release.created is not None


def test_a_new_env_keeps_the_build_and_says_what_changed_by_name(core):
    core.app()
    core.release(env="A=1\nB=1")
    release = create(core, env="B=2\nC=secret\n")

    assert (release.build, release.env) == ("B0000000001", "B=2\nC=secret")
    assert release.description == "env add:C change:B remove:A"
    assert "secret" not in release.description


def test_an_empty_env_clears_it(core):
    core.app()
    core.release(env="A=1")

    assert create(core, env="").env == ""


def test_a_new_build_keeps_the_env(core):
    core.app()
    core.release(env="A=1")

    assert core.release().env == "A=1"


def test_a_description_that_is_given_wins(core):
    core.app()
    core.release()

    assert create(core, env="A=1", description="mine").description == "mine"


def test_an_env_may_come_before_any_build(core):
    core.app()
    release = create(core, env="A=1")

    assert (release.build, release.manifest) == ("", "")
    with pytest.raises(InvalidError, match="can not promote a release with an empty manifest"):
        core.promote(release)


def test_a_build_must_be_there_and_complete(core):
    core.app()
    core.store.builds.insert(Build(id="BHALF", app="app", status="running"))

    with pytest.raises(NotFoundError, match="build not found: BNONE"):
        create(core, build="BNONE")
    with pytest.raises(ConflictError, match="build BHALF is running"):
        create(core, build="BHALF")


def test_a_list_is_newest_first_without_env_and_as_long_as_asked(core):
    core.app()
    made = [core.release(env=f"A={n}").id for n in range(12)]

    listed = core.releases.release_list("app", ListOptions())

    assert [release.id for release in listed] == made[::-1][:10]
    assert {release.env for release in listed} == {""}
    assert len(core.releases.release_list("app", ListOptions(limit=3))) == 3
    assert core.releases.release_list("app", ListOptions(limit=0)) == ()
    with pytest.raises(InvalidError, match="limit can not be negative"):
        core.releases.release_list("app", ListOptions(limit=-1))


def test_one_release_has_its_env(core):
    core.app()
    release = core.release(env="A=1")

    assert core.releases.release_get("app", release.id).env == "A=1"
    with pytest.raises(NotFoundError, match="release not found: RNONE"):
        core.releases.release_get("app", "RNONE")
    with pytest.raises(NotFoundError, match="app not found: none"):
        core.releases.release_get("none", release.id)


def test_a_promote_answers_when_the_wish_is_written(core):
    core.app()
    release = core.release()
    core.promote(release)

    assert core.row().pending == release.id
    assert core.apps.app_get("app").status == "updating"
    assert core.store.releases.find("app", release.id).status == "promoting"
    assert core.woken == ["app"]


def test_of_two_promotes_at_once_the_second_is_refused(core):
    core.app()
    first, second = core.release(), core.release()
    core.promote(first)

    with pytest.raises(ConflictError, match="app is currently updating") as caught:
        core.promote(second)

    assert caught.value.status == 403
    assert core.row().pending == first.id


def test_a_forced_promote_supersedes_the_one_under_way(core):
    core.app()
    first, second = core.release(), core.release()
    core.promote(first)
    core.promote(second, force=True)

    assert core.row().pending == second.id
    assert core.store.releases.find("app", first.id).status == "superseded"


def test_an_older_release_is_refused_with_the_way_to_it(core):
    core.deployed()
    old = core.store.releases.latest("app", 1)[0]
    core.deployed()

    with pytest.raises(InvalidError, match="can not promote an older release, try rollback"):
        core.promote(old)


def test_an_app_that_is_being_deleted_is_not_promoted(core):
    core.app()
    release = core.release()
    core.apps.app_delete("app")

    with pytest.raises(ConflictError, match="app is being deleted: app"):
        core.promote(release)


def test_negative_options_are_refused(core):
    core.app()
    release = core.release()

    with pytest.raises(InvalidError, match="timeout can not be negative"):
        core.releases.release_promote("app", release.id, ReleasePromoteOptions(timeout=-1))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, "env"),
        ({}, {"B": "1", "A": "1"}, "env add:A add:B"),
        ({"A": "1"}, {"A": "2"}, "env change:A"),
        ({"A": "1"}, {}, "env remove:A"),
    ],
)
def test_a_change_of_env_is_described_by_names(before, after, expected):
    assert env_description(before, after) == expected
