from convox.core.clock import SystemClock
from convox.providers.local.store import Store, open_store


def opened(folder) -> Store:
    store = open_store(folder / "rack.db", SystemClock())
    store.apps.insert("shop", "2")
    return store


def test_a_resource_keeps_its_first_password(tmp_path):
    store = opened(tmp_path)

    store.resources.ensure("shop", "db", "postgres", "first")
    store.resources.ensure("shop", "db", "postgres", "second")

    assert store.resources.of("shop")["db"].password == "first"


def test_what_a_release_was_promoted_with_is_remembered(tmp_path):
    store = opened(tmp_path)
    store.resources.ensure("shop", "db", "postgres", "x")
    assert not store.resources.of("shop")["db"].settled

    store.resources.settle("shop", "db", {"version": "15"})

    found = store.resources.find("shop", "db")
    assert found is not None
    assert found.settled
    assert found.options == {"version": "15"}


def test_subnets_are_known_by_app_and_name(tmp_path):
    store = opened(tmp_path)
    store.resources.ensure("shop", "db", "postgres", "x")
    store.resources.ensure("shop", "cache", "redis", "x")

    store.resources.set_network("shop", "db", "10.0.0.0/26")

    assert store.resources.networks() == {("shop", "db"): "10.0.0.0/26"}


def test_a_deletion_is_a_wish_until_the_row_is_gone(tmp_path):
    store = opened(tmp_path)
    store.resources.ensure("shop", "db", "postgres", "x")

    store.resources.mark_deleting("shop", "db")
    assert store.resources.of("shop")["db"].deleting
    store.resources.delete("shop", "db")

    assert store.resources.find("shop", "db") is None


def test_an_app_takes_its_resources_along(tmp_path):
    store = opened(tmp_path)
    store.resources.ensure("shop", "db", "postgres", "x")

    store.apps.delete("shop")

    assert store.resources.of("shop") == {}
