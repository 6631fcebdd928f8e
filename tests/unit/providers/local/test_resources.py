from pathlib import Path

import pytest

from convox.api.types import Release
from convox.core.clock import SystemClock
from convox.core.errors import (
    ConflictError,
    ConvoxError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from convox.providers.local.layout import Layout
from convox.providers.local.resources import Resources
from convox.providers.local.store import open_store
from convox.providers.local.wishes import Wishes

BOTH = "resources:\n  db:\n    type: postgres\n  cache:\n    type: memcached\n"


class Engine:
    """One in which nothing runs."""

    def containers(self, labels, *, all=True):
        return []


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def system(self, app: str, message: str) -> None:
        self.lines.append(message)


class World:
    """A rack's resources over a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder, "dev")
        self.store = open_store(folder / "rack.db", SystemClock())
        self.log = Log()
        self.woken: list[str] = []
        wishes = Wishes(self.store, self.layout)
        self.calls = Resources(
            Engine(), self.store, self.layout, wishes, self.log, self.woken.append
        )
        self.store.apps.insert("shop", "2")
        for name, type in (("db", "postgres"), ("cache", "memcached")):
            self.store.resources.ensure("shop", name, type, "s3cret")

    def promoted(self, id: str, manifest: str, options=()) -> None:
        self.store.releases.insert(Release(id=id, app="shop", manifest=manifest))
        self.store.apps.set_pending("shop", id, {})
        self.store.apps.finish_pending("shop", id, promoted=True, reason="")
        for name in ("db", "cache"):
            self.store.resources.settle("shop", name, dict(options))


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def statuses(world: World) -> dict[str, str]:
    return {resource.name: resource.status for resource in world.calls.resource_list("shop")}


def test_a_resource_says_whether_a_release_lists_it(world: World):
    assert statuses(world) == {"cache": "kept", "db": "kept"}

    world.promoted("R1", BOTH)
    assert statuses(world) == {"cache": "running", "db": "running"}

    world.promoted("R2", "resources:\n  db:\n    type: postgres\n")
    assert statuses(world) == {"cache": "kept", "db": "running"}


def test_a_resource_has_its_address(world: World):
    assert world.calls.resource_get("shop", "db").url == (
        "postgres://app:s3cret@db.resource.shop.dev.convox:5432/app"
    )


def test_what_is_not_there_is_said_in_the_incumbents_words(world: World):
    with pytest.raises(NotFoundError, match="resource not found: nope"):
        world.calls.resource_get("shop", "nope")
    with pytest.raises(NotFoundError, match="app not found: nope"):
        world.calls.resource_list("nope")


def test_one_that_a_release_lists_is_not_deleted(world: World):
    world.promoted("R1", BOTH)

    with pytest.raises(ConflictError, match="resource db is in use by R1"):
        world.calls.resource_delete("shop", "db")
    assert world.woken == []


def test_one_whose_deletion_is_protected_is_not_deleted(world: World):
    world.promoted("R1", "services: {}\n", {"deletionProtection": "true"})

    with pytest.raises(ConflictError, match="protected"):
        world.calls.resource_delete("shop", "db")


def test_a_deletion_is_written_and_the_worker_woken(world: World):
    world.promoted("R1", "services: {}\n")

    world.calls.resource_delete("shop", "db")

    assert statuses(world)["db"] == "deleting"
    assert world.woken == ["shop"]
    assert world.log.lines == ["deleting resource db"]


def test_what_keeps_no_data_has_no_dump(world: World):
    with pytest.raises(InvalidError, match="memcached, which keeps no data"):
        world.calls.resource_export("shop", "cache")


def test_one_that_does_not_run_cannot_be_dumped_or_restored(world: World):
    calls: list = [
        lambda: world.calls.resource_export("shop", "db"),
        lambda: world.calls.resource_import("shop", "db", None),
    ]
    for call in calls:
        with pytest.raises(UnavailableError, match="resource db of shop does not run"):
            call()


def test_no_error_or_log_tells_a_password(world: World):
    world.promoted("R1", "services: {}\n")
    world.calls.resource_delete("shop", "db")

    with pytest.raises(ConvoxError) as raised:
        world.calls.resource_export("shop", "db")
    assert "s3cret" not in raised.value.wire + "".join(world.log.lines)
