import pytest

from convox.manifest.compose import compose
from convox.manifest.findings import Report
from convox.manifest.gotext import describe, formatted, type_name
from convox.manifest.interpolate import interpolate


def node(text):
    return compose(text, Report(interpolate(text, {}), "f"))


@pytest.mark.parametrize(
    ("text", "name", "value", "shown"),
    [
        ("[a, 1]", "[]interface {}", "[a 1]", "a list"),
        ("{b: 1, a: ~}", "map[interface {}]interface {}", "map[a:<nil> b:1]", "a map"),
        ("~", "<nil>", "<nil>", "empty"),
        ("yes", "bool", "true", "yes"),
        ("1.5", "float64", "1.5", "1.5"),
        ("9223372036854775808", "uint64", "9223372036854775808", "9223372036854775808"),
        ("text", "string", "text", '"text"'),
    ],
)
def test_values_are_printed_for_scripts_and_for_people(text, name, value, shown):
    assert type_name(node(text)) == name
    assert formatted(node(text)) == value
    assert describe(node(text)) == shown


def test_the_text_verb_marks_what_is_no_text():
    assert formatted(node("[1, a, ~, {b: true}]"), as_text=True) == (
        "[%!s(int=1) a %!s(<nil>) map[b:%!s(bool=true)]]"
    )


def test_what_is_large_is_cut_short():
    assert formatted(node(f"[{'a, ' * 200}a]")) == "..."
    assert len(describe(node("a" * 1000))) < 100
    assert len(describe(node("1" * 1000))) < 100
