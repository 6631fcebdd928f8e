from __future__ import annotations

import os
import re

import pytest

from convox.api.types import ObjectListOptions
from convox.core.errors import FailedError, InvalidError, NotFoundError
from convox.providers.local.layout import Layout
from convox.providers.local.objects import SIZE_SETTING, TEMPORARY_AGE_S, Objects
from convox.providers.local.store import open_store
from tests.fakes.build_clock import FixedClock
from tests.fakes.engine import Body


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "rack.db", FixedClock())
    store.apps.insert("app", "2")
    yield store
    store.close()


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path, "dev")


@pytest.fixture
def objects(store, layout):
    return Objects(store, layout, FixedClock())


def content(body):
    try:
        return b"".join(iter(body.read, b""))
    finally:
        body.close()


class Broken(Body):
    """A body whose sender goes away in the middle."""

    def read(self, size=65536, /):
        data = super().read(4)
        if not data:
            raise FailedError("the upload was cut short")
        return data


def files(layout):
    return [path for path in layout.objects.rglob("*") if path.is_file()]


def test_gives_back_what_was_stored(objects):
    stored = objects.object_store("app", "folder/key.tgz", Body(b"bytes"))

    assert stored.url == "object://app/folder/key.tgz"
    assert objects.object_exists("app", "folder/key.tgz")
    assert content(objects.object_fetch("app", "folder/key.tgz")) == b"bytes"


def test_leading_slashes_of_a_key_mean_nothing(objects):
    objects.object_store("app", "//key", Body(b"bytes"))

    assert content(objects.object_fetch("app", "/key")) == b"bytes"


def test_an_empty_key_becomes_a_random_temporary_one(objects):
    first, second = (objects.object_store("app", "", Body(b"x")).url for _ in range(2))

    assert re.fullmatch(r"object://app/tmp/[0-9a-f]{30}", first)
    assert first != second


def test_storing_again_replaces(objects):
    objects.object_store("app", "key", Body(b"old"))
    objects.object_store("app", "key", Body(b"new"))

    assert content(objects.object_fetch("app", "key")) == b"new"


@pytest.mark.parametrize(
    "key",
    ["../up", "a/../../up", "a/..", ".", "a//b", "a/", "a\0b", "a\nb", "x" * 256, "a/" * 600 + "a"],
)
def test_refuses_keys_that_climb_or_are_none(objects, layout, key):
    with pytest.raises(InvalidError, match="invalid object key"):
        objects.object_store("app", key, Body(b"x"))

    assert files(layout) == []


def test_refuses_a_key_that_is_not_text(objects):
    with pytest.raises(InvalidError, match="invalid object key"):
        objects.object_fetch("app", "\udcff")


def test_a_key_beneath_another_object_is_a_clear_error(objects):
    objects.object_store("app", "a", Body(b"x"))

    with pytest.raises(FailedError, match="cannot store object a/b"):
        objects.object_store("app", "a/b", Body(b"x"))
    with pytest.raises(NotFoundError, match="object not found: a/b"):
        objects.object_fetch("app", "a/b")


def test_an_upload_cut_short_leaves_nothing(objects, layout):
    with pytest.raises(FailedError, match="cut short"):
        objects.object_store("app", "key", Broken(b"half of it"))

    assert files(layout) == []
    assert not objects.object_exists("app", "key")


def test_an_upload_cut_short_leaves_the_object_before_it(objects):
    objects.object_store("app", "key", Body(b"old"))

    with pytest.raises(FailedError):
        objects.object_store("app", "key", Broken(b"half of it"))

    assert content(objects.object_fetch("app", "key")) == b"old"


def test_an_upload_over_the_limit_leaves_nothing(objects, store, layout):
    store.settings.put(SIZE_SETTING, "10")

    with pytest.raises(InvalidError, match="the upload is larger than 10 bytes"):
        objects.object_store("app", "key", Body(bytes(11)))

    assert files(layout) == []


def test_only_the_rack_can_read_objects(objects, layout):
    objects.object_store("app", "key", Body(b"x"))

    assert (layout.objects / "app" / "key").stat().st_mode & 0o077 == 0


def test_deletes_an_object_once(objects):
    objects.object_store("app", "a/b", Body(b"x"))

    objects.object_delete("app", "a/b")

    assert not objects.object_exists("app", "a/b")
    with pytest.raises(NotFoundError, match="object not found: a/b"):
        objects.object_delete("app", "a/b")


def test_a_folder_is_not_an_object(objects):
    objects.object_store("app", "a/b", Body(b"x"))

    assert not objects.object_exists("app", "a")
    with pytest.raises(NotFoundError, match="object not found: a"):
        objects.object_fetch("app", "a")


def test_lists_keys_by_prefix(objects):
    for key in ("b/2", "a", "b/1"):
        objects.object_store("app", key, Body(b"x"))

    assert objects.object_list("app", ObjectListOptions()) == ("a", "b/1", "b/2")
    assert objects.object_list("app", ObjectListOptions(prefix="/b/")) == ("b/1", "b/2")


def test_an_unknown_app_has_no_objects(objects):
    for call in (
        lambda: objects.object_store("nope", "key", Body(b"x")),
        lambda: objects.object_list("nope", ObjectListOptions()),
        lambda: objects.object_exists("nope", "key"),
    ):
        with pytest.raises(NotFoundError, match="app not found: nope"):
            call()


def test_knows_the_url_of_its_own_objects_only(objects):
    assert objects.key_of("app", "object://app//tmp/x") == "tmp/x"
    for url in ("object://other/x", "http://app/x", "object://app/", "object://app", ""):
        with pytest.raises(InvalidError, match="cannot build from"):
            objects.key_of("app", url)


def test_forgets_an_app(objects, layout):
    objects.object_store("app", "key", Body(b"x"))

    objects.forget("app")

    assert files(layout) == []


def test_at_start_old_temporary_objects_and_halves_go(objects, layout):
    now = FixedClock().now().timestamp()
    for key, age in (("tmp/old", TEMPORARY_AGE_S + 1), ("tmp/new", 10), ("kept", 10**6)):
        objects.object_store("app", key, Body(b"x"))
        os.utime(layout.objects / "app" / key, (now - age, now - age))
    (layout.objects / ".partial").mkdir(exist_ok=True)
    (layout.objects / ".partial" / "half").write_bytes(b"x")

    objects.recover()

    assert objects.object_list("app", ObjectListOptions()) == ("kept", "tmp/new")
    assert not (layout.objects / ".partial").exists()
