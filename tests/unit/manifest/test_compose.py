import pytest
import yaml

from convox.manifest.compose import ComposeError, compose
from convox.manifest.findings import Report
from convox.manifest.interpolate import interpolate
from convox.manifest.nodes import ListNode, MapNode, ScalarNode


def plain(node):
    """A tree as Python values; a map as a list of pairs, so that order and doubles show."""
    match node:
        case MapNode():
            return [(key.text, plain(value)) for key, value in node.pairs]
        case ListNode():
            return tuple(plain(item) for item in node.items)
        case ScalarNode():
            return node.value
    return "nothing"


def composed(text, loader=None):
    report = Report(interpolate(text, {}), "f")
    return plain(compose(text, report, loader=loader)), [f.message for f in report.findings()]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_the_forms_of_yaml_become_nodes(loader):
    text = (
        "a: [1, '1', ~, \"x\\ty\"]\nb: |\n  two\n  lines\nc: {d: yes}\n"
        "? e\n: >-\n  folded\n  text\n"
    )

    assert composed(text, loader) == (
        [
            ("a", (1, "1", None, "x\ty")),
            ("b", "two\nlines\n"),
            ("c", [("d", True)]),
            ("e", "folded text"),
        ],
        [],
    )


def test_an_empty_text_is_no_node():
    assert compose("# nothing\n", Report(interpolate("", {}), "f")) is None


@pytest.mark.parametrize("key", ["<<", '"<<"'])
def test_a_merge_is_spread_where_it_stands_quoted_or_not(key):
    tree, said = composed(f"x: &b {{p: 1, q: 2}}\ny: {{{key}: *b, q: 3}}\n")

    assert tree[1] == ("y", [("p", 1), ("q", 2), ("q", 3)])
    assert said == []


def test_of_several_merged_maps_the_first_wins():
    tree, _ = composed("a: &a {k: 1}\nb: &b {k: 2}\nc: {<<: [*a, *b]}\n")

    assert tree[2] == ("c", [("k", 2), ("k", 1)])


def test_a_merge_after_a_key_it_brings_is_warned_about():
    _, said = composed("x: &b {p: 1}\ny: {p: 2, <<: *b}\n")

    assert said == ["what << brings counts over p, which stands before it; put << first"]


def test_a_key_given_twice_is_kept_and_warned_about():
    assert composed("a: 1\na: 2\n") == ([("a", 1), ("a", 2)], ["a is given twice; write it once"])


def test_only_the_first_document_is_read():
    assert composed("a: 1\n---\nb: 2\n") == (
        [("a", 1)],
        ["a second document begins here; only the first is read"],
    )


def test_a_broken_second_document_does_not_matter():
    assert composed("a: 1\n---\n[\n")[0] == [("a", 1)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!str 5", "5"), ("!!int '5'", 5), ("!!float 5", 5.0), ("!!bool 'yes'", True),
        ("!!null ''", None), ("!!binary aGk=", "hi"), ("!own 5", "5"), ("! 5", "5"),
        ("!!timestamp 2001-01-01", "2001-01-01"),
    ],
)  # fmt: skip
def test_a_tag_says_what_a_scalar_is(text, value):
    assert composed(text)[0] == value


@pytest.mark.parametrize("text", ["!!int x", "!!bool 1", "!!null a", "!!binary '*'", "!!float x"])
def test_a_tag_that_does_not_fit_is_refused(text):
    with pytest.raises(ComposeError):
        composed(text)


@pytest.mark.parametrize("value", ["5", "[1]", "[{a: 1}, 2]"])
def test_a_merge_of_something_else_than_maps_is_refused(value):
    with pytest.raises(ComposeError, match="<< needs a map"):
        composed(f"a: {{<<: {value}}}\n")


def test_a_chain_of_aliases_counts_as_depth():
    text = "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))

    with pytest.raises(ComposeError, match="nested deeper"):
        composed(text)


def test_an_anchor_may_be_defined_again():
    assert composed("a: &x 1\nb: &x 2\nc: *x\n")[0] == [("a", 1), ("b", 2), ("c", 2)]
