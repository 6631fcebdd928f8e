"""Go-shaped JSON, both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.api import codec, types
from convox.core.errors import InvalidError
from tests.unit.api import shapes


@pytest.mark.parametrize("shape", shapes.results(), ids=lambda s: s.__name__)
def test_every_shape_survives_the_round_trip(shape):
    @given(value=shapes.a(shape))
    def check(value):
        assert codec.load(shape, codec.dump(value)) == value

    check()


@pytest.mark.parametrize("shape", shapes.results(), ids=lambda s: s.__name__)
def test_every_shape_can_be_read_back_when_empty(shape):
    assert codec.load(shape, codec.dump(shape())) == shape()
    assert codec.load(shape, b"{}") == shape()


def test_an_app_is_written_as_go_writes_it():
    app = types.App(name="web", status="running", parameters={"b": "2", "a": "1"})

    assert codec.dump(app) == (
        b'{\n  "generation": "2",\n  "locked": false,\n  "name": "web",\n  "release": "",\n'
        b'  "router": "",\n  "status": "running",\n  "parameters": {\n    "a": "1",\n'
        b'    "b": "2"\n  }\n}\n'
    )


def test_angle_brackets_ampersands_and_line_separators_are_escaped():
    text = codec.dump("<b> & \u2028 \u00e9")

    assert text == '"\\u003cb\\u003e \\u0026 \\u2028 \u00e9"\n'.encode()


def test_absent_times_are_the_zero_time_of_go():
    assert b'"started": "0001-01-01T00:00:00Z"' in codec.dump(types.Build())
    assert codec.load(types.Build, b'{"started": null}').started is None


def test_an_absent_list_may_be_null_and_an_empty_one_is_not():
    data = json.loads(codec.dump(types.Service()))

    assert data["nlb"] is None
    assert data["ports"] == []


def test_omitted_fields_are_absent_but_a_pointer_to_false_stays():
    assert "url" in json.loads(codec.dump(types.Resource()))
    assert "apps" not in json.loads(codec.dump(types.Resource()))
    port = json.loads(codec.dump(types.ServiceNlbPort(cross_zone=False)))
    assert port["cross-zone"] is False
    assert "preserve-client-ip" not in port


def test_whole_floats_have_no_point_and_ints_stay_ints():
    text = codec.dump(types.Instance(cpu=1.0, memory=0.25, processes=3))

    assert b'"cpu": 1,' in text
    assert b'"memory": 0.25,' in text
    assert b'"processes": 3,' in text


def test_keys_are_read_in_any_case_and_unknown_ones_ignored():
    value = codec.load(types.Object, b'{"URL": "object://a/b", "later": {"x": 1}}')

    assert value == types.Object(url="object://a/b")


def test_bytes_that_are_not_utf8_become_the_replacement_character():
    assert codec.dump(b"a\xffb".decode("utf-8", "surrogateescape")) == '"a\ufffdb"\n'.encode()


def test_times_with_nine_digits_and_a_zone_are_read():
    build = codec.load(types.Build, b'{"ended": "2026-01-02T03:04:05.123456789+02:00"}')

    assert build.ended == datetime(2026, 1, 2, 1, 4, 5, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shape", "text", "words"),
    [
        (types.Service, b'{"count": 1.0}', "answer.count: want a whole number"),
        (types.Service, b'{"count": "1"}', "answer.count: want a whole number"),
        (types.Service, b'{"count": true}', "answer.count: want a whole number"),
        (types.App, b'{"name": 1}', "answer.name: want a string"),
        (types.App, b'{"locked": 0}', "answer.locked: want true or false"),
        (types.App, b"[]", "want an object, got a list"),
        (tuple[types.App, ...], b"{}", "want a list, got an object"),
        (tuple[str, ...], b'["a", 1]', r"answer\[1\]: want a string"),
        (types.Build, b'{"started": ""}', "not RFC 3339"),
        (types.Build, b'{"started": "2026-01-02T03:04:05"}', "not RFC 3339"),
        (types.Build, b'{"started": "2026-13-02T03:04:05Z"}', "not on the calendar"),
        (types.App, b"", "not JSON"),
        (types.App, b"<html>", "not JSON"),
        (types.App, b"\xff", "not JSON"),
        (types.App, b"[" * 100_000, "not JSON"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_place(shape, text, words):
    with pytest.raises(InvalidError, match=words):
        codec.load(shape, text)


def test_the_error_does_not_repeat_a_value_that_may_be_secret():
    with pytest.raises(InvalidError) as caught:
        codec.load(types.Release, b'{"env": {"PASSWORD": "hunter2"}}')

    assert "hunter2" not in caught.value.wire


@given(st.recursive(st.none() | st.booleans() | st.text(), st.lists))
def test_plain_data_is_what_the_json_module_would_read(value):
    assert json.loads(json.dumps(codec.plain(value))) == value
