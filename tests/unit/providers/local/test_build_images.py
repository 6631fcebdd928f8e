from __future__ import annotations

import pytest

from convox.api.types import Build
from convox.core.errors import ConflictError
from tests.fakes.build_rack import BuildRack


@pytest.fixture
def rack(tmp_path):
    rack = BuildRack(tmp_path, retention=2)
    yield rack
    rack.close()


def built(rack, count):
    builds = []
    for _ in range(count):
        rack.clock.advance(1)
        builds.append(rack.build())
    rack.builds.stop()
    return [f"convox/dev/app:web.{build.id}" for build in builds], builds


def test_images_of_old_builds_go(rack):
    names, _ = built(rack, 4)

    assert rack.images() == set(names[2:])


def test_the_image_that_runs_stays_however_old_it_is(rack):
    first = rack.build()
    rack.store.apps.set_pending("app", first.release, {})
    rack.store.apps.finish_pending("app", first.release, promoted=True, reason="")

    names, _ = built(rack, 3)

    assert rack.images() == {f"convox/dev/app:web.{first.id}", *names[1:]}


def test_the_image_that_shall_run_stays(rack):
    first = rack.build()
    rack.store.apps.set_pending("app", first.release, {})

    names, _ = built(rack, 3)

    assert rack.images() == {f"convox/dev/app:web.{first.id}", *names[1:]}


def test_images_of_other_racks_and_apps_stay(rack):
    for name, labels in (
        ("convox/other/app:web.BX", {"convox.rack": "other", "convox.build": "BX"}),
        ("convox/dev/router:1", rack.layout.labels("router")),
    ):
        rack.engine.add_image(name, labels=labels)
    rack.build()

    rack.builds.forget("app")
    rack.builds.recover()

    assert rack.images() == {"convox/other/app:web.BX", "convox/dev/router:1"}


def test_an_image_in_use_stays_and_is_only_logged(rack, caplog):
    build = rack.build()
    rack.engine.failures["image_remove"] = ConflictError("cannot remove", why="in use")

    rack.builds.forget("app")

    assert rack.images() == {f"convox/dev/app:web.{build.id}"}
    assert "image stays" in caplog.text


def test_at_start_images_of_unknown_builds_go(rack):
    build = rack.build()
    rack.store.builds.insert(Build(id="BFAILED", app="app", status="failed"))
    for id in ("BFAILED", "BUNKNOWN"):
        labels = {**rack.layout.labels("image", "app"), "convox.build": id}
        rack.engine.add_image(f"convox/dev/app:web.{id}", labels=labels)

    rack.builds.recover()

    assert rack.images() == {f"convox/dev/app:web.{build.id}"}


def test_the_image_of_the_previous_release_stays_however_many_builds_came_since(rack):
    first, second = rack.build(), rack.build()
    rack.store.releases.set_status("app", first.release, "superseded")
    rack.store.apps.set_pending("app", second.release, {})
    rack.store.apps.finish_pending("app", second.release, promoted=True, reason="")

    names, _ = built(rack, 3)

    kept = {f"convox/dev/app:web.{build.id}" for build in (first, second)}
    assert rack.images() == kept | set(names[1:])


def test_a_smaller_retention_takes_effect_at_the_next_sweep(rack):
    names, _ = built(rack, 2)

    rack.builds.sweep(1)

    assert rack.images() == {names[1]}
