import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convox.core.errors import InvalidError
from convox.manifest import Finding, ManifestError, check, load, parse, read_text

MANY_FAULTS = """\
services:
  web:
    imagee: x
    port: banana
    build: [1]
    links: [wbe]
  Api:
    drain: soon
resources:
  db: {}
"""


def test_all_findings_come_at_once_in_the_order_of_the_file(said):
    assert said(MANY_FAULTS) == [
        "3:5 warning imagee in services.web is not known and ignored, did you mean image?",
        '4:11 error port is "banana", must be a number, "SCHEME:NUMBER", '
        "or a map of port and scheme",
        "5:12 error build is a list, must be a path or a map of path, manifest and args",
        "6:13 warning link wbe is not defined, did you mean web?",
        "7:3 error service name Api invalid, must contain only lowercase alphanumeric and dashes, "
        "a letter first",
        '8:12 error drain is "soon", must be a whole number, not quoted',
        "10:3 error resource db has no type, must be one like postgres or redis",
    ]


def test_the_error_says_the_first_failure_of_the_incumbents_order_and_carries_all():
    text = "resources:\n  db: {}\nservices:\n  Web:\n    environment: [B, A]\n"

    with pytest.raises(ManifestError) as caught:
        parse(text, {})

    assert caught.value.what == "required env: A, B"
    assert isinstance(caught.value, InvalidError)
    assert [finding.line for finding in caught.value.findings] == [2, 4, 5]


def test_an_error_without_words_of_the_incumbent_is_shown_with_its_place():
    with pytest.raises(ManifestError) as caught:
        parse("services:\n  web:\n    sticky: 'yes'\n", {}, filename="other.yml")

    assert caught.value.what == (
        'other.yml:3:13: error: sticky is "yes", must be true or false, not quoted'
    )


def test_a_finding_is_one_line_with_file_line_and_column():
    finding = Finding("convox.yml", 3, 7, "warning", "drain is odd")

    assert str(finding) == "convox.yml:3:7: warning: drain is odd"


def test_warnings_do_not_stop_a_parse():
    manifest = parse("servicess: {}\nservices:\n  web:\n    prot: 1\n", {})

    assert [service.name for service in manifest.services] == ["web"]


def test_services_say_the_line_they_stand_on():
    manifest = parse("# app\nservices:\n\n  web:\n  api:\n    image: x\n", {})

    assert [(service.name, service.line) for service in manifest.services] == [
        ("web", 4),
        ("api", 5),
    ]


def test_without_an_env_names_are_needed_and_not_failed():
    text = "environment: [G]\nservices:\n  web:\n    image: app:${TAG}\n    environment: [S, T=1]\n"

    found = check(text, None)

    assert found.needed == ("G", "S", "TAG")
    assert found.findings == ()
    assert found.manifest is not None


def test_with_an_env_nothing_is_needed_and_what_is_missing_fails():
    found = check("services:\n  web:\n    environment: [S]\n", {})

    assert found.needed == ()
    assert found.manifest is None
    assert [finding.severity for finding in found.findings] == ["error"]


def test_without_an_env_an_error_that_a_placeholder_may_cause_is_a_warning(said):
    text = "services:\n  web:\n    sticky: ${STICKY}\n"

    assert check(text, None).needed == ("STICKY",)
    assert [line.split()[1] for line in said(text, None)] == ["warning"]
    assert said(text, None)[0].endswith("(depends on ${STICKY}, which is not given)")
    assert said(text, {"STICKY": "no"}) == []


def test_without_an_env_a_placeholder_excuses_no_fault_of_the_next_line(said):
    text = "services:\n  web:\n    image: ${IMAGE}\n    port: many\n"

    assert [line.split()[1] for line in said(text, None)] == ["error"]


def test_without_an_env_a_placeholder_alone_on_its_line_may_bring_more(said):
    text = "services:\n  web:\n    ${MORE}\n    port: many\n"

    assert [line.split()[1] for line in said(text, None)] == ["warning"]


@pytest.mark.parametrize(
    "line",
    ["image: app:${TAG}", "port: https:${PORT}", "port: ${PORT}", "scale: ${COUNT}", "${MORE}",
     "nlb: [{port: ${PORT}}]", "environment: [A=${B}, C=${D}]"],
)  # fmt: skip
def test_a_placeholder_in_its_usual_places_says_nothing_without_an_env(said, line):
    assert said(f"services:\n  web:\n    drain: 5\n    {line}\n", None) == []


def test_an_error_elsewhere_stays_one_without_an_env():
    text = "services:\n  web:\n    image: ${IMAGE}\n  a:\n  b:\n  Api:\n"

    assert [finding.severity for finding in check(text, None).findings] == ["error"]


def test_names_in_comments_are_not_needed():
    assert check("# ${OLD}\nservices:\n  web:\n", None).needed == ()


def test_an_unset_placeholder_is_warned_about_when_the_env_is_known(said):
    assert said("services:\n  web:\n    command: echo ${HOME_DIR}\n") == [
        "3:19 warning ${HOME_DIR} is not set and becomes nothing; "
        "for a variable of the shell write $HOME_DIR"
    ]


def test_lines_are_those_of_the_file_also_after_a_value_that_spans_lines(said):
    text = "services:\n  web:\n    environment:\n${LIST}\n    port: banana\n"

    assert said(text, {"LIST": "      - A=1\n      - B=2\n      - C=3"})[0].startswith("5:11 error")


def test_a_fault_inside_a_value_points_at_its_placeholder(said):
    text = "services:\n  web:\n    image: x\n    port: ${PORT}\n"

    assert said(text, {"PORT": "nine"})[0].startswith("4:11 error")


def test_the_value_of_a_variable_is_never_shown(said):
    text = "services:\n  web:\n    port: ${TOKEN}\n    nlb: [{port: 1, scheme: '${TOKEN}'}]\n"
    env = {"TOKEN": "Hunter2-Hunter2"}

    with pytest.raises(ManifestError) as caught:
        parse(text, env)

    shown = "\n".join([caught.value.what, *said(text, env)]).lower()
    assert "hunter2" not in shown
    assert "${token}" in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [x, x]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n"
            for i in range(9)
        ), "more than 20000 values"),
        ("a: " + "[" * 100_000, "nested deeper than 32 levels"),
        ("- " * 100_000, "nested deeper than 32 levels"),
        ("x" * 500_000, "500000 characters, at most 400000 are accepted"),
        ("a: &a [*a]\n", "the value of &a contains itself"),
        ("a: *b\n", "*b names no anchor that is defined before it"),
        ("services:\n\tweb:\n", "not YAML: found character that cannot start any token"),
        ("services: [\n", "not YAML: "),
        ("ser\x00vices:\n", "not YAML: control characters are not allowed"),
        ("\x7fELF\x02\x01\x01\x00\x00", "not YAML: "),
        ("services: \ud800\n", "not text: half of a surrogate pair"),
        ("? [a]\n: b\n", "a key must be text"),
        ("services:\n" + "".join(f"  s{i}:\n" for i in range(501)), "501 services"),
    ],
)  # fmt: skip
def test_hostile_text_is_one_clean_finding(text, message):
    found = check(text, {})

    assert found.manifest is None
    assert message in found.findings[0].message


def test_findings_are_bounded_and_the_rest_counted():
    text = "services:\n  web:\n    links: [" + ", ".join(f"a{i}" for i in range(5000)) + "]\n"

    found = check(text, {}).findings

    assert len(found) == 201
    assert found[-1].message == "4800 more findings are not shown"


def test_the_first_error_counts_even_after_too_many_warnings():
    text = "services:\n  web:\n" + "    bad: 1\n" * 300 + "    build: [1]\n"

    with pytest.raises(ManifestError, match=r"unknown type for service build: \[\]interface \{\}"):
        parse(text, {})


def test_bytes_become_text_without_their_byte_order_mark():
    assert read_text(b"\xef\xbb\xbfservices: {}\n") == "services: {}\n"


def test_bytes_that_are_not_utf8_are_refused_with_their_place():
    with pytest.raises(ManifestError) as caught:
        read_text(b"services:\n  caf\xe9:\n")

    assert caught.value.what == (
        "convox.yml:2:6: error: byte 0xe9 is not UTF-8, the file must be UTF-8 text"
    )


WORDS = st.sampled_from(
    ["services", "web:", "port:", "3000", "scale:", "build:", "environment:", "-", "A=1", "*", "[",
     "]", "{", "}", ",", ":", "\n", "\n  ", " ", "<<:", "&a", "*a", "'", '"', "|", ">", "#", "---",
     "${X}", "${", "nlb:", "timers:", "resources:", "!!int", "~", "yes", "0x1", "1e+9"]
)  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["3-4", "https:1", "1/udp", "*", "A=1", "http"]),
)  # fmt: skip
KEYS = ["port", "scale", "build", "environment", "nlb", "health", "agent", "domain", "command"]
VALUES = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYS, "count", "min", "targets", "custom"]), inner)
    ),
    max_leaves=8,
)


@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=60).map("".join)))
@settings(max_examples=150, deadline=None)
def test_no_text_raises_anything_but_a_manifest_error(text):
    only_manifest_errors(text)


@given(st.dictionaries(st.sampled_from([*KEYS, "tags", "sticky", "links", "test"]), VALUES))
@settings(max_examples=150, deadline=None)
def test_no_service_raises_anything_but_a_manifest_error(service):
    only_manifest_errors(json.dumps({"services": {"web": service}}))


def only_manifest_errors(text):
    try:
        manifest = parse(text, {"X": "a: b\n"})
    except ManifestError as e:
        assert any(finding.severity == "error" for finding in e.findings)
    else:
        assert check(text, {"X": "a: b\n"}).manifest == manifest
    assert load.check(text, None).findings is not None
