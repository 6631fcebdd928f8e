"""Parameters of requests, both ways."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.api import parameters, types
from convox.api.fields import Carrier
from convox.api.operations import find, operations, parameters_of
from convox.core.errors import InvalidError
from tests.unit.api import shapes

# Commas divide lists and line breaks end headers; empty text outside a form means absent.
PLAIN = st.text(
    st.characters(exclude_characters=",\r\n", exclude_categories=("Cs",)), min_size=1, max_size=8
)


@pytest.mark.parametrize("name", [n for n, o in operations().items() if o.options])
def test_every_options_shape_survives_the_round_trip(name):
    operation = operations()[name]

    @given(value=shapes.a(operation.options, text=PLAIN))
    def check(value):
        path = dict.fromkeys(operation.path_names, "x")
        sent = parameters.request(operation, path, value)
        read = parameters.options(
            operation.options,
            form=dict(parse_qsl(urlencode(sent.form or ()), keep_blank_values=True)),
            query=dict(parse_qsl(urlencode(sent.query), keep_blank_values=True)),
            headers=sent.headers,
        )
        assert read == value

    check()


@given(st.text(st.characters(exclude_characters="/", exclude_categories=("Cs",)), min_size=1))
def test_path_variables_survive_the_round_trip(text):
    operation = operations()["app_get"]

    sent = parameters.request(operation, {"name": text})

    assert find("GET", quote(sent.path)) == (operation, {"name": text})


def test_slashes_of_a_key_stay_and_leading_ones_go():
    sent = parameters.request(operations()["object_fetch"], {"app": "a", "key": "/tmp/x?#%.tgz"})

    assert sent.path == "/apps/a/objects//tmp/x?#%.tgz"
    assert find("GET", quote(sent.path))[1] == {"app": "a", "key": "tmp/x?#%.tgz"}


@pytest.mark.parametrize("name", ["", "a/releases", "../system"])
def test_a_name_that_would_be_another_route_is_refused(name):
    with pytest.raises(InvalidError, match="invalid name"):
        parameters.request(operations()["app_get"], {"name": name})


def test_the_form_wins_over_the_query_and_the_query_over_the_header():
    def name(form, query, headers):
        return parameters.options(
            types.AppCreateOptions, form=form, query=query, headers=headers
        ).name

    assert name({"name": "f"}, {"name": "q"}, {"Name": "h"}) == "f"
    assert name({"name": ""}, {"name": "q"}, {"Name": "h"}) == "q"
    assert name({}, {}, {"NAME": "h"}) == "h"
    assert name({}, {}, {}) == ""


def test_the_version_of_the_client_is_not_the_version_to_update_to():
    read = parameters.options(
        types.SystemUpdateOptions, form={"count": "3"}, query={}, headers={"Version": "dev"}
    )

    assert read == types.SystemUpdateOptions(count=3)


def test_an_emptied_env_is_not_an_absent_one():
    def env(form):
        return parameters.options(types.ReleaseCreateOptions, form=form, query={}, headers={}).env

    assert env({"env": ""}) == ""
    assert env({}) is None


def test_query_options_are_not_taken_from_a_form():
    read = parameters.options(
        types.ListOptions, form={"limit": "3"}, query={}, headers={"Limit": "4"}
    )

    assert read.limit is None


def test_only_true_is_true():
    def force(text):
        return parameters.options(
            types.ReleasePromoteOptions, form={"force": text}, query={}, headers={}
        ).force

    assert [force(t) for t in ("true", "false", "True", "1", "")] == [
        True,
        False,
        False,
        False,
        None,
    ]


def test_the_first_value_of_a_key_wins():
    assert parameters.pairs("a=1&a=2&b=&c=%26+x") == {"a": "1", "b": "", "c": "& x"}


def test_line_breaks_of_a_header_become_spaces():
    sent = parameters.request(
        operations()["process_exec"],
        {"app": "a", "pid": "p"},
        types.ProcessExecOptions(command="a\r\nX-Evil: 1\nb"),
    )

    assert sent.headers == {"Command": "a  X-Evil: 1 b"}


@pytest.mark.parametrize(
    ("shape", "carried", "words"),
    [
        (types.ListOptions, {"limit": "many"}, 'value for limit: "many" is not a whole number'),
        (types.ListOptions, {"limit": "1.0"}, "value for limit"),
        (types.ListOptions, {"limit": "1_0"}, "value for limit"),
        (types.ListOptions, {"limit": str(2**63)}, "value for limit"),
        (types.ListOptions, {"limit": "9" * 9000}, "value for limit"),
        (types.LogsOptions, {"since": "yesterday"}, 'value for Since: .*"yesterday" is not'),
        (types.MetricsOptions, {"start": "2026"}, "value for start"),
        (types.AppUpdateOptions, {"parameters": "a=%ff"}, "value for parameters: .* not UTF-8"),
    ],
)
def test_a_bad_value_is_refused_with_its_name(shape, carried, words):
    with pytest.raises(InvalidError, match=words):
        parameters.options(shape, form=carried, query=carried, headers=carried)


def test_a_comma_in_a_list_value_is_refused_before_it_is_sent():
    with pytest.raises(InvalidError, match="comma"):
        parameters.write(("a,b",))


def test_unset_options_are_left_out():
    sent = parameters.request(
        operations()["app_logs"], {"name": "a"}, types.LogsOptions(since=timedelta(minutes=2))
    )

    assert sent.method == "GET"
    assert sent.headers == {"Since": "2m0s"}
    assert sent.form is None


def test_every_parameter_travels_somewhere():
    for shape in shapes.option_shapes():
        for parameter in parameters_of(shape):
            assert parameter.wire.carrier in (Carrier.FORM, Carrier.QUERY, Carrier.HEADER)
