from __future__ import annotations

import pytest

from convox.api.types import Build
from convox.core.errors import FailedError, UnavailableError
from convox.providers.local import build_queue
from convox.providers.local.build_queue import CUT_SHORT
from tests.fakes.build_rack import BuildRack


@pytest.fixture
def rack(tmp_path):
    rack = BuildRack(tmp_path)
    yield rack
    rack.close()


def until(condition, rack):
    for log in list(rack.logs.logs.values()):
        log.closed.wait(10)
    assert condition()


def test_a_kill_of_the_rack_is_made_good_at_the_next_start(rack):
    labels = {**rack.layout.labels("image", "app"), "convox.build": "BCUT"}
    rack.store.builds.insert(Build(id="BCUT", app="app", status="running", manifest="kept"))
    rack.engine.add_image("convox/dev/app:web.BCUT", labels=labels)
    rack.layout.work.mkdir()
    (rack.layout.work / "half").write_text("x")
    done = rack.build()

    rack.builds.recover()

    cut = rack.builds.build_get("app", "BCUT")
    assert (cut.status, cut.reason, cut.manifest) == ("failed", CUT_SHORT, "kept")
    assert cut.ended == rack.clock.now()
    assert rack.lines(cut) == [f"ERROR: {CUT_SHORT}"]
    assert rack.logs.logs["BCUT"].closed.is_set()
    assert not rack.layout.work.exists()
    assert rack.images() == {f"convox/dev/app:web.{done.id}"}


def test_builds_past_the_limit_wait_and_say_so(rack):
    rack.builder.go.clear()
    builds = [rack.begin() for _ in range(build_queue.AT_A_TIME + 1)]
    waiting = rack.logs.logs[builds[-1].id]
    for _ in range(1000):
        if waiting.data or len(rack.builder.requests) > build_queue.AT_A_TIME:
            break
        rack.logs.logs[builds[0].id].closed.wait(0.005)

    said = [line for build in builds for line in rack.lines(build) if "Waiting" in line]
    rack.builder.go.set()
    until(lambda: len(rack.builder.requests) == 3, rack)

    assert said == ["Waiting: 2 builds are running"]
    assert {rack.builds.build_get("app", build.id).status for build in builds} == {"complete"}


def test_stopping_the_rack_fails_what_runs_and_takes_no_more(rack):
    rack.builder.go.clear()
    running = rack.begin()

    rack.builds.stop()

    ended = rack.builds.build_get("app", running.id)
    assert (ended.status, ended.reason) == ("failed", CUT_SHORT)
    with pytest.raises(UnavailableError, match="cannot build now"):
        rack.begin()
    assert len(rack.logs.logs) == 1


def test_a_failed_build_leaves_no_image_and_no_file(rack):
    rack.builder.error = FailedError("it broke")

    build = rack.build()
    rack.builds.stop()

    assert build.reason == 'service "web": it broke'
    assert rack.images() == set()
    assert list(rack.layout.work.iterdir()) == []
    assert [path for path in rack.layout.objects.rglob("*") if path.is_file()] == []


def test_a_complete_build_leaves_its_images_and_no_file(rack):
    build = rack.build()
    rack.builds.stop()

    assert rack.images() == {f"convox/dev/app:web.{build.id}"}
    assert list(rack.layout.work.iterdir()) == []
    assert [path for path in rack.layout.objects.rglob("*") if path.is_file()] == []


def test_a_fault_of_the_rack_ends_the_build_too(rack, caplog):
    rack.builder.error = ZeroDivisionError("secret detail")

    build = rack.build()

    assert build.reason == "the rack has a fault: ZeroDivisionError, see its log"
    assert rack.logs.logs[build.id].closed.is_set()
    assert "build broke" in caplog.text


def test_an_engine_that_goes_away_fails_the_build_with_that_reason(rack):
    rack.engine.down = True

    build = rack.build({"convox.yml": b"services:\n  web:\n    image: httpd\n"})

    assert build.status == "failed"
    assert build.reason.startswith("the Docker engine does not answer")


def test_two_builds_of_one_app_both_complete(rack):
    rack.builder.go.clear()
    first, second = rack.begin(), rack.begin()

    rack.builder.go.set()
    until(lambda: True, rack)

    ended = [rack.builds.build_get("app", build.id) for build in (first, second)]
    assert [build.status for build in ended] == ["complete", "complete"]
    assert ended[0].release != ended[1].release


def test_the_builder_is_chosen_once(tmp_path):
    chosen = []
    rack = BuildRack(tmp_path, builder=lambda: chosen.append(1) or rack.builder)
    try:
        rack.build()
        rack.build()
    finally:
        rack.close()

    assert chosen == [1]


def test_the_classic_builder_is_said_in_the_log(rack):
    rack.builder.notice = "Builder: the engine's classic one"

    build = rack.build()

    assert rack.lines(build)[0] == "Builder: the engine's classic one"
