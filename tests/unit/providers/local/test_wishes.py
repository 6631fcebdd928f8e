"""What the store says an app shall be."""

from dataclasses import replace
from datetime import timedelta

import pytest

from convox.core.errors import NotFoundError


def test_an_app_without_release_wants_nothing(core):
    core.app()

    desired = core.wishes.desired(core.row())

    assert (desired.active, desired.pending, desired.deadline) == (None, None, None)
    assert desired.network == "convox.rack.app"


def test_a_pending_release_carries_what_its_promote_asked_for(core):
    core.app()
    release = core.release()
    core.promote(release, min=25, max=150, timeout=300)

    desired = core.wishes.desired(core.row())

    (service,) = desired.pending.services
    assert (service.minimum, service.maximum, service.start_limit_s) == (25, 150, 300)
    assert desired.deadline == core.row().pending_since + timedelta(seconds=300)


def test_without_options_the_manifest_rules(core):
    core.app()
    core.promote(core.release(), min=0, timeout=0)

    desired = core.wishes.desired(core.row())

    assert (desired.pending.services[0].minimum, desired.deadline) == (50, None)


def test_a_manifest_is_read_once_for_each_release(core):
    core.app()
    release = core.release()

    assert core.wishes.manifest(release) is core.wishes.manifest(release)


def test_a_release_that_is_not_there_is_told(core):
    core.app()

    with pytest.raises(NotFoundError, match="release not found: RNONE"):
        core.wishes.target("app", "RNONE")


def test_many_manifests_do_not_pile_up(core):
    core.app()
    release = core.release()
    first = core.wishes.manifest(release)
    for number in range(300):
        core.wishes.manifest(replace(release, id=f"R{number}"))

    assert core.wishes.manifest(release) is not first
