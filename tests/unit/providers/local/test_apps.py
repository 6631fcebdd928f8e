"""The calls about apps, and the names an app may have."""

import pytest

from convox.api.types import AppCreateOptions, AppUpdateOptions, LogsOptions
from convox.core.errors import ConflictError, InvalidError, NotFoundError


def create(core, name: str, generation: str | None = None):
    return core.apps.app_create(AppCreateOptions(name=name, generation=generation))


def test_a_new_app_runs_without_a_release(core):
    app = create(core, "site")

    assert (app.name, app.status, app.release, app.generation) == ("site", "running", "", "2")
    assert app.router == "rack.localhost"
    assert core.woken == ["site"]
    assert core.apps.app_list() == (app,)


@pytest.mark.parametrize("name", ["a", "0", "my-app", "my_app", "a--b", "a__b", "x" * 40])
def test_an_app_may_be_called(core, name):
    assert create(core, name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rack", "App name cannot be same as Rack name"),
        ("Site", "App name cannot contain Uppercase characters"),
        ("", "only contain lowercase letters, numbers, hyphens and underscores"),
        ("a b", "only contain lowercase"),
        ("a.b", "only contain lowercase"),
        ("a/b", "only contain lowercase"),
        ("a\n", "only contain lowercase"),
        ("é", "only contain lowercase"),
        ("_router", "must begin and end with a letter or a number"),
        ("a-", "must begin and end"),
        ("a___b", "must begin and end"),
        ("x" * 41, "cannot be longer than 40 characters"),
    ],
)
def test_an_app_may_not_be_called(core, name, message):
    with pytest.raises(InvalidError, match=message):
        create(core, name)
    assert core.apps.app_list() == ()


def test_a_name_is_given_once(core):
    create(core, "site")

    with pytest.raises(ConflictError, match="app already exists: site"):
        create(core, "site")


def test_the_first_generation_is_not_supported(core):
    with pytest.raises(InvalidError, match="generation 1 is not supported"):
        create(core, "site", "1")
    assert create(core, "site", "2").generation == "2"


def test_an_unknown_app_is_named_by_every_call(core):
    calls = (
        lambda: core.apps.app_get("none"),
        lambda: core.apps.app_delete("none"),
        lambda: core.apps.app_cancel("none"),
        lambda: core.apps.app_update("none", AppUpdateOptions(lock=True)),
        lambda: core.apps.app_logs("none", LogsOptions()),
    )
    for call in calls:
        with pytest.raises(NotFoundError, match="app not found: none"):
            call()


def test_a_locked_app_is_not_deleted(core):
    create(core, "site")
    core.apps.app_update("site", AppUpdateOptions(lock=True))

    with pytest.raises(ConflictError, match="app is locked: site"):
        core.apps.app_delete("site")

    assert core.apps.app_get("site").locked
    core.apps.app_update("site", AppUpdateOptions(lock=False))
    core.apps.app_delete("site")
    assert core.apps.app_get("site").status == "deleting"


def test_parameters_are_merged_and_only_known_ones_kept(core):
    create(core, "site")
    core.apps.app_update("site", AppUpdateOptions(parameters={"LogRetention": "3"}))
    core.apps.app_update("site", AppUpdateOptions(parameters={"WebFormation": "1,256,512"}))

    with pytest.raises(InvalidError, match="parameter not found: Nonsense"):
        core.apps.app_update("site", AppUpdateOptions(parameters={"Nonsense": "1"}))

    assert core.apps.app_get("site").parameters == {
        "InternalDomains": "Yes",
        "LogRetention": "3",
        "WebFormation": "1,256,512",
    }


def test_a_cancelled_promote_is_over_at_once(core):
    core.app()
    release = core.release()
    core.promote(release)
    assert core.apps.app_get("app").status == "updating"

    core.apps.app_cancel("app")

    assert core.apps.app_get("app").status == "running"
    assert core.store.releases.find("app", release.id).status == "cancelled"
    assert core.logs.of("app") == [f"cancelled {release.id}"]
    assert core.woken[-1] == "app"


def test_only_an_updating_app_can_be_cancelled(core):
    core.app()

    with pytest.raises(ConflictError, match="app is not updating"):
        core.apps.app_cancel("app")


def test_the_log_of_an_app_is_its_own(core):
    core.app()

    assert core.apps.app_logs("app", LogsOptions(follow=False)) == (
        "app",
        LogsOptions(follow=False),
    )
