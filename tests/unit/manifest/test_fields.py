"""One node into one plain value, and what does not fit."""

import pytest

from convox.manifest import fields
from convox.manifest.compose import compose
from convox.manifest.findings import Report
from convox.manifest.interpolate import interpolate
from convox.manifest.nodes import MapNode


def read(decode, text):
    """Return what a field is decoded to, and the messages about it."""
    report = Report(interpolate(text, {}), "f")
    value = decode("x", compose(text, report), report)
    return value, [finding.message for finding in report.findings()]


@pytest.mark.parametrize(
    ("decode", "text", "value"),
    [
        (fields.text, "words", "words"),
        (fields.text, "8080", "8080"),
        (fields.integer, "8080", 8080),
        (fields.integer, "2.9", 2),
        (fields.integer, "-1", -1),
        (fields.integer, "~", 0),
        (fields.boolean, "true", True),
        (fields.boolean, "false", False),
        (fields.boolean, "~", False),
        (fields.texts, "[a, 2]", ("a", "2")),
        (fields.texts, "~", ()),
        (fields.text_map, "{a: 1, b: x}", {"a": "1", "b": "x"}),
        (fields.text_map, "~", {}),
    ],
)
def test_a_value_that_fits_is_read_as_the_incumbent_reads_it(decode, text, value):
    assert read(decode, text) == (value, [])


@pytest.mark.parametrize(
    ("decode", "text", "why"),
    [
        (fields.text, "[a]", "must be text"),
        (fields.text, "{a: b}", "must be text"),
        (fields.integer, "'8080'", "must be a whole number, not quoted"),
        (fields.integer, "true", "must be a whole number, not quoted"),
        (fields.integer, "9223372036854775808", "must be a whole number, not quoted"),
        (fields.integer, ".inf", "must be a whole number, not quoted"),
        (fields.integer, ".nan", "must be a whole number, not quoted"),
        (fields.integer, "[1]", "must be a whole number, not quoted"),
        (fields.boolean, "'true'", "must be true or false, not quoted"),
        (fields.boolean, "1", "must be true or false, not quoted"),
        (fields.texts, "a", "must be a list"),
        (fields.texts, "{a: b}", "must be a list"),
        (fields.text_map, "[a]", "must be a map of names to texts"),
        (fields.mapping, "[a]", "must be a map"),
        (fields.mapping, "a", "must be a map"),
    ],
)
def test_a_value_that_does_not_fit_is_told_and_is_nothing(decode, text, why):
    value, messages = read(decode, text)

    assert value is None
    assert len(messages) == 1
    assert messages[0].startswith("x is ")
    assert messages[0].endswith(f", {why}")


def test_a_list_with_one_bad_item_is_nothing_and_the_item_is_named():
    value, messages = read(fields.texts, "[a, [b], c]")

    assert value is None
    assert messages[0].startswith("x[1] is ")


def test_a_map_keeps_what_fits_beside_what_does_not():
    value, messages = read(fields.text_map, "{a: 1, b: [2], c: 3}")

    assert value == {"a": "1", "c": "3"}
    assert [message.split(" is ")[0] for message in messages] == ["x.b"]


def test_nothing_is_an_empty_map():
    value, messages = read(fields.mapping, "~")

    assert isinstance(value, MapNode)
    assert (value.pairs, messages) == ((), [])


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("'7'", None), ("true", None), ("1.0", None), ("~", None), ("[7]", None)],
)
def test_only_an_unquoted_whole_number_is_whole(text, number):
    assert fields.whole(compose(text, Report(interpolate(text, {}), "f"))) == number


def test_a_changed_copy_leaves_the_first_alone():
    report = Report(interpolate("a: 1", {}), "f")
    copy = fields.changed(report, "file", "g")

    assert (report.file, copy.file) == ("f", "g")
