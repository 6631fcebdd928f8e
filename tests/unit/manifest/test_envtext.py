import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import InvalidError
from convox.manifest.envtext import MAX_LINE_BYTES, format_env, parse_env

NAMES = st.text(st.characters(exclude_characters="=\n", exclude_categories=["Cs"]), min_size=1)
TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("", {}),
        ("A=1", {"A": "1"}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=a=b", {"A": "a=b"}),
        ("A=", {"A": ""}),
        (" A =  x ", {"A": "  x "}),
        ("A='q' \"r\"", {"A": "'q' \"r\""}),
        ("#A=1", {"#A": "1"}),
        ("export A=1", {"export A": "1"}),
        ("nothing\n=x\n  =y\nA=1", {"A": "1"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=\\n", {"A": "\\n"}),
        ("A=1\x0bB=2\u2028C=3", {"A": "1\x0bB=2\u2028C=3"}),
    ],
)
def test_text_becomes_variables(text, env):
    assert parse_env(text) == env


def test_a_line_too_long_ends_the_reading():
    assert parse_env(f"A=1\nB={'x' * MAX_LINE_BYTES}\nC=3") == {"A": "1"}


def test_variables_become_sorted_lines():
    assert format_env({"B": "2", "A": "1=1", "C": ""}) == "A=1=1\nB=2\nC="


@pytest.mark.parametrize("name", ["", " ", " A", "A=B", "A\nB"])
def test_a_name_that_the_text_cannot_hold_is_refused(name):
    with pytest.raises(InvalidError, match="cannot be the name"):
        format_env({name: "1"})


@pytest.mark.parametrize("value", ["a\nb", "a\r", "x" * MAX_LINE_BYTES])
def test_a_value_that_the_text_cannot_hold_is_refused_without_showing_it(value):
    with pytest.raises(InvalidError) as caught:
        format_env({"KEY": value})

    assert "KEY" in caught.value.what
    assert value not in caught.value.what


@given(st.dictionaries(NAMES, TEXTS))
def test_what_can_be_written_reads_back(env):
    try:
        text = format_env(env)
    except InvalidError:
        return
    assert parse_env(text) == env


@given(st.text())
def test_any_text_reads_and_what_was_read_is_stable(text):
    env = parse_env(text)
    try:
        again = parse_env(format_env(env))
    except InvalidError:
        return
    assert again == env
