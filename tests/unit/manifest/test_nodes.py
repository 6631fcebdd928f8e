from convox.manifest.compose import compose
from convox.manifest.findings import Report
from convox.manifest.interpolate import interpolate
from convox.manifest.nodes import is_null, is_text, rewritten


def composed(text):
    return compose(text, Report(interpolate(text, {}), "f"))


def test_rewriting_makes_numbers_and_booleans_the_text_the_incumbent_sees():
    node = compose(
        "{a: 8.0, b: Yes, c: 0x10, d: '8.0', e: [1.10]}", Report(interpolate("", {}), "")
    )
    again = rewritten(node)

    assert [value.text for _, value in again.pairs[:4]] == ["8", "true", "16", "8.0"]
    assert [value.value for _, value in again.pairs[:4]] == [8, True, 16, "8.0"]
    assert again.get("e").items[0].text == "1.1"


def test_rewriting_keeps_what_aliases_share_shared():
    node = composed("a: &a [1]\nb: *a\n")
    again = rewritten(node)

    assert again.get("a") is again.get("b")


def test_the_last_of_doubled_keys_is_the_one_got():
    node = composed("{a: 1, b: 2, a: 3}")

    assert node.get("a").value == 3
    assert node.get("c") is None


def test_what_is_null_and_what_is_text():
    node = composed("{a: ~, b: '', c: x, d: 5, e: []}")

    assert [name for name in "abcdefg" if is_null(node.get(name))] == ["a", "f", "g"]
    assert [name for name in "abcde" if is_text(node.get(name))] == ["b", "c"]
