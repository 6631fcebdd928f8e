"""Every field is classified, and what is not is secret."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from convox.api import fields, parameters, types
from convox.api.fields import Carrier, Classification
from tests.unit.api import shapes


def test_an_undeclared_field_is_secret():
    @dataclass(frozen=True)
    class Shape:
        plain: str = ""

    assert fields.wire(dataclasses.fields(Shape)[0]).classification is Classification.SECRET


def test_every_field_of_the_contract_is_declared():
    for shape in shapes.all_shapes():
        for field in dataclasses.fields(shape):
            assert "class" in field.metadata, f"{shape.__name__}.{field.name}"


def test_names_follow_from_fields_and_headers_are_capital():
    by_name = {f.name: fields.wire(f) for f in dataclasses.fields(types.BuildCreateOptions)}

    assert by_name["build_args"].name == "build-args"
    log = {f.name: fields.wire(f) for f in dataclasses.fields(types.LogsOptions)}
    assert (log["follow"].name, log["follow"].carrier) == ("Follow", Carrier.HEADER)


def test_what_may_hold_a_secret_is_never_public():
    words = ("password", "env", "key", "token", "environment", "url", "parameters")
    open_anyway = {("Object", "url"), ("BuildCreateOptions", "url"), ("ResourceType", "parameters")}
    for shape in shapes.all_shapes():
        for field in dataclasses.fields(shape):
            if field.name in words and (shape.__name__, field.name) not in open_anyway:
                assert fields.wire(field).classification is not Classification.PUBLIC


def test_redaction_shows_what_is_public_and_names_the_rest():
    said = parameters.redact(
        types.ReleaseCreateOptions(build="B1", env="PASSWORD=hunter2", description=None)
    )

    assert said == {"build": "B1", "env": "[secret]"}
