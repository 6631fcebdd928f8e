"""The language of IAM patterns against brute force over every short text."""

import fnmatch
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.security.globs import escape, matches, meeting

PATTERNS = st.text(alphabet="ab*?", max_size=6)
SETS = st.lists(PATTERNS, max_size=3)
TEXTS = ["".join(t) for n in range(6) for t in itertools.product("abc", repeat=n)]


def admits(patterns: list[str], text: str) -> bool:
    return any(re.fullmatch(fnmatch.translate(p.replace("[", "[[]")), text) for p in patterns)


@given(PATTERNS, st.text(alphabet="abc", max_size=6))
def test_matching_agrees_with_a_regular_expression(pattern: str, text: str):
    assert matches(pattern, text) == admits([pattern], text)


@given(SETS, SETS)
def test_an_escape_is_one_and_none_means_that_no_short_text_escapes(inner, outer):
    found = escape(inner, outer)

    if found is None:
        assert not [t for t in TEXTS if admits(inner, t) and not admits(outer, t)]
    else:
        assert admits(inner, found)
        assert not admits(outer, found)


@given(SETS, SETS)
def test_an_escape_is_the_shortest(inner, outer):
    found = escape(inner, outer)

    shorter = [t for t in TEXTS if found is not None and len(t) < len(found)]
    assert not [t for t in shorter if admits(inner, t) and not admits(outer, t)]


@given(SETS, SETS)
def test_a_meeting_is_in_both_and_symmetric(one, other):
    found = meeting(one, other)

    assert (found is None) == (meeting(other, one) is None)
    if found is None:
        assert not [t for t in TEXTS if admits(one, t) and admits(other, t)]
    else:
        assert admits(one, found)
        assert admits(other, found)


@given(SETS)
def test_every_set_is_inside_itself_and_inside_anything(patterns):
    assert escape(patterns, patterns) is None
    assert escape(patterns, ["*"]) is None


def test_a_longer_name_is_not_inside_the_pattern_of_a_shorter_one():
    prod = ["arn:aws:dynamodb:us-east-1:123456789012:table/prod-*"]
    other = ["arn:aws:dynamodb:us-east-1:123456789012:table/prod-eu-*"]

    assert meeting(prod, other) == "arn:aws:dynamodb:us-east-1:123456789012:table/prod-eu-"


def test_a_union_may_cover_what_none_of_its_parts_covers():
    assert escape(["a*"], ["a", "a?*"]) is None
    assert escape(["a*"], ["a?*"]) == "a"


@pytest.mark.parametrize(("inner", "outer"), [([], []), ([], ["a"])])
def test_nothing_is_inside_everything(inner, outer):
    assert escape(inner, outer) is None


def test_many_stars_are_decided_at_once():
    assert escape(["*a" * 12 + "*"], ["*a" * 11 + "*"]) is None
    assert escape(["*a" * 11 + "*"], ["*a" * 12 + "*"]) == "a" * 11
