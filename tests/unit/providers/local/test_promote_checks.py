"""What keeps a release from being promoted, each in a sentence."""

import json

import pytest

from convox.core.errors import ConflictError, InvalidError
from tests.fakes.core_rig import CoreRig


def promote(core, manifest, app: str = "app", **options: object) -> None:
    if core.store.apps.find(app) is None:
        core.app(app)
    core.promote(core.release(app, manifest), **options)


WEB = {"port": 3000}


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"services": {"web": {"privileged": True}}}, "web: privileged is not allowed"),
        ({"services": {"web": {"volumes": ["/proc/:/p"]}}}, "/proc/ of the host is not mounted"),
        (
            {"services": {"web": {"volumes": ["/var/run/docker.sock:/s"]}}},
            "docker.sock of the host is never mounted",
        ),
        ({"services": {"web": {"volumes": ["/var/run/:/s"]}}}, "/var/run/ of the host is never"),
        ({"services": {"web": {"environment": ["NEEDED"]}}}, "required env: NEEDED"),
        ({"services": {"web": {"port": "ftp:21"}}}, 'unknown port scheme "ftp"'),
        ({"services": {"x" * 70: WEB}}, "is longer than 63 characters"),
    ],
)
def test_what_this_rack_cannot_run_is_refused(core, manifest, message):
    core.app()
    release = core.release("app", {"services": {"web": WEB}})
    core.store.database.write(
        "UPDATE releases SET manifest = :text WHERE id = :id",
        {"text": json.dumps(manifest), "id": release.id},
    )

    with pytest.raises(InvalidError, match=message):
        core.wishes._manifests.clear()
        core.promote(release)

    assert core.row().pending == ""


def test_a_rack_s_owner_may_allow_both(tmp_path):
    core = CoreRig(tmp_path, allow_privileged=True, allow_host_volumes=True)
    text = {"services": {"web": {"privileged": True, "volumes": ["/proc/:/p"]}}}

    promote(core, text)

    assert core.row().pending
    core.close()


def test_the_engine_s_socket_is_never_mounted_even_so(tmp_path):
    core = CoreRig(tmp_path, allow_privileged=True, allow_host_volumes=True)

    with pytest.raises(InvalidError, match="never mounted"):
        promote(core, {"services": {"web": {"volumes": ["/var/run/docker.sock:/s"]}}})
    core.close()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a-b", {"c": WEB}), ("a", {"b-c": WEB})),
        (
            ("one", {"web": {**WEB, "domain": "x.org"}}),
            ("two", {"web": {**WEB, "domain": "X.org"}}),
        ),
        (("one", {"web": WEB}), ("two", {"web": {**WEB, "domain": "one-web.rack.localhost"}})),
    ],
)
def test_a_host_of_another_app_is_refused_naming_it(core, first, second):
    promote(core, {"services": first[1]}, first[0])

    with pytest.raises(ConflictError, match=f'belongs to app "{first[0]}"'):
        promote(core, {"services": second[1]}, second[0])

    assert core.row(second[0]).pending == ""


def test_the_same_domain_again_in_the_same_app_is_fine(core):
    for _ in range(2):
        promote(core, {"services": {"web": {**WEB, "domain": "x.org"}}}, force=True)

    assert core.row().pending


def test_a_host_that_an_app_gave_up_is_free(core):
    promote(core, {"services": {"web": {**WEB, "domain": "x.org"}}}, "one")
    core.apps.app_cancel("one")

    promote(core, {"services": {"web": {**WEB, "domain": "x.org"}}}, "two")

    assert core.row("two").pending


def test_a_service_that_nothing_reaches_may_have_any_name(core):
    promote(core, {"services": {"x" * 70: {}}})

    assert core.row().pending
