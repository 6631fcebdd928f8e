"""Texts by name."""


def test_a_value_that_was_never_set_is_none_and_an_empty_one_is_not(store):
    store.settings.put("a", "")

    assert (store.settings.find("a"), store.settings.find("b")) == ("", None)


def test_a_value_is_replaced(store):
    store.settings.put("a", "1")
    store.settings.put("a", "2")

    assert store.settings.find("a") == "2"


def test_a_value_is_forgotten_once(store):
    store.settings.put("a", "1")

    assert [store.settings.delete("a"), store.settings.delete("a")] == [True, False]
    assert store.settings.find("a") is None


def test_a_prefix_is_taken_as_it_is_and_removed(store):
    for name in ("p.b", "p.a", "P.c", "pxd", "p%", "q.p.a"):
        store.settings.put(name, name.upper())

    assert store.settings.with_prefix("p.") == {"a": "P.A", "b": "P.B"}
    assert list(store.settings.with_prefix("p.")) == ["a", "b"]
    assert store.settings.with_prefix("%") == {}
    assert len(store.settings.with_prefix("")) == 6
