from hypothesis import given
from hypothesis import strategies as st

from convox.manifest.interpolate import interpolate


def test_set_names_are_replaced_and_unset_ones_become_nothing():
    source = interpolate("a ${A}${B} ${ A } $A $${A}", {"A": "1"})

    assert source.text == "a 1  $A $1"
    assert source.names == ("A", "B", " A ")


def test_a_placeholder_may_be_empty_or_span_lines_as_with_the_incumbent():
    assert interpolate("${}x${a\nb}y", {"": "e", "a\nb": "f"}).text == "exfy"


def test_an_open_brace_without_end_stays():
    assert interpolate("${A", {"A": "1"}).text == "${A"


def test_a_value_is_not_interpolated_again():
    assert interpolate("${A}", {"A": "${B}", "B": "x"}).text == "${B}"


def test_positions_lead_back_to_the_original():
    source = interpolate("x: ${A}\ny: z\n", {"A": "one\ntwo"})

    assert source.position(source.text.index("two")) == (1, 4)
    assert source.position(source.text.index("z")) == (2, 4)


def test_lines_end_as_editors_end_them():
    source = interpolate("a\r\nb\rc\nd", {})

    assert [source.position(source.text.index(letter))[0] for letter in "abcd"] == [1, 2, 3, 4]


def test_short_values_are_not_hidden_and_long_ones_are_longest_first():
    source = interpolate("${A}${B}${C}", {"A": "abc", "B": "abcd", "C": "abcdef"})

    assert source.substituted == (("abcdef", "C"), ("abcd", "B"))


@given(st.text())
def test_text_without_placeholders_stays_and_positions_count_its_lines(text):
    text = text.replace("${", "")
    source = interpolate(text, {"A": "1"})

    assert source.text == text
    assert source.position(len(text))[0] == len(
        text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )


@given(st.lists(st.tuples(st.text("ab \n"), st.sampled_from(["A", "B", "C"]))), st.text("ab \n"))
def test_every_copied_character_leads_back_to_itself(pieces, tail):
    original = "".join(f"{text}${{{name}}}" for text, name in pieces) + tail
    source = interpolate(original, {"A": "1\n2", "B": ""})
    starts = [0, *(i + 1 for i, letter in enumerate(original) if letter == "\n")]

    for at, letter in enumerate(source.text):
        line, column = source.position(at)
        if letter in "ab ":
            assert original[starts[line - 1] + column - 1] == letter
