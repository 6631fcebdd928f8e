"""Hypothesis strategies for every shape of the contract, made from its annotations."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from convox.api import types

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DURATIONS = st.timedeltas(timedelta(days=-400), timedelta(days=400))
INTS = st.integers(-(2**63), 2**63 - 1)


def all_shapes():
    """Every dataclass of types.py."""
    return [v for v in vars(types).values() if dataclasses.is_dataclass(v)]


def results():
    """Those that a rack answers."""
    return [shape for shape in all_shapes() if not shape.__name__.endswith("Options")]


def option_shapes():
    """Those that a request carries."""
    return [shape for shape in all_shapes() if shape.__name__.endswith("Options")]


def a(shape, *, text=TEXT):
    """A strategy for values of a shape."""
    hints = typing.get_type_hints(shape)
    fields = {f.name: of(hints[f.name], text=text) for f in dataclasses.fields(shape)}
    if "generation" in fields and shape is types.App:
        fields["generation"] = st.sampled_from(["1", "2"])
    return st.builds(shape, **fields)


def of(annotation, *, text=TEXT):
    """A strategy for values of an annotation."""
    arguments = typing.get_args(annotation)
    if type(None) in arguments:
        inner = next(x for x in arguments if x is not type(None))
        if typing.get_origin(inner) is Mapping:
            return st.none() | st.dictionaries(text, text, min_size=1, max_size=3)
        if typing.get_origin(inner) is tuple:
            return st.none() | st.lists(
                of(typing.get_args(inner)[0], text=text), min_size=1, max_size=3
            ).map(tuple)
        return st.none() | of(inner, text=text)
    if typing.get_origin(annotation) is tuple:
        return st.lists(of(arguments[0], text=text), max_size=3).map(tuple)
    if dataclasses.is_dataclass(annotation):
        return a(annotation, text=text)
    return {
        str: text,
        int: INTS,
        bool: st.booleans(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        datetime: TIMES,
        timedelta: DURATIONS,
    }[annotation]
