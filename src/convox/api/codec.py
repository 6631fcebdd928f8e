"""Shapes to Go-shaped JSON and back.

What goes out is byte for byte what Go's encoder would write: fields in order, maps sorted, two
spaces, `<>&` escaped, a final newline. What comes in is read as Go's decoder reads it: keys in
any case, unknown keys ignored, null as the zero value, but a wrong type refused. This is the one
module of the contract where values are `Any`. Parameters of requests are in parameters.py.

Source: wire.md section 4; Go documentation, encoding/json.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from convox.api import fields, times
from convox.core.errors import InvalidError

_SURROGATES = re.compile("[\ud800-\udfff]")
_ESCAPES = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)
_INTEGRAL = float(10**21)
_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


@dataclasses.dataclass(frozen=True)
class _Member:
    """One field of a shape, looked up once."""

    name: str
    wire: str
    omitempty: bool
    type: Any


def dump(value: Any) -> bytes:
    """Return the JSON text of a shape, a tuple of shapes, or a plain value, with its newline."""
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    # A lone surrogate cannot be UTF-8; Go writes the replacement character for such bytes too.
    return (_SURROGATES.sub("\ufffd", text).translate(_ESCAPES) + "\n").encode()


def load(annotation: Any, data: bytes) -> Any:
    """Return the value of type `annotation` that the JSON text holds.

    Raises:
        InvalidError: the text is not JSON or a value has another type.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as e:
        raise InvalidError("invalid answer: not JSON", why=_short(data)) from e
    return read(annotation, value)


def plain(value: Any) -> Any:
    """Return `value` as dicts, lists and scalars that print as Go prints them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_shape(value)
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return times.format_time(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _INTEGRAL:
        return int(value)
    return value


def read(annotation: Any, value: Any, where: str = "answer") -> Any:
    """Return plain JSON data as the type `annotation`; `where` names it in errors.

    Raises:
        InvalidError: a value has another type.
    """
    annotation, optional = _optional(annotation)
    if value is None:
        return None if optional else _zero(annotation)
    if dataclasses.is_dataclass(annotation):
        return _read_shape(annotation, _expect(value, dict, where, "an object"), where)
    origin = typing.get_origin(annotation)
    if origin is tuple:
        item = typing.get_args(annotation)[0]
        items = _expect(value, list, where, "a list")
        return tuple(read(item, v, f"{where}[{i}]") for i, v in enumerate(items))
    if origin is Mapping:
        item = typing.get_args(annotation)[1]
        pairs = _expect(value, dict, where, "an object")
        return {k: read(item, v, f"{where}.{k}") for k, v in pairs.items()}
    if annotation is datetime:
        return times.parse_time(_expect(value, str, where, "a time"))
    return _read_scalar(annotation, value, where)


def _plain_shape(value: Any) -> dict[str, Any]:
    out = {}
    shape: Any = type(value)
    for member in _members(shape):
        item = getattr(value, member.name)
        if member.omitempty and _is_empty(member, item):
            continue
        is_time = item is None and _optional(member.type)[0] is datetime
        out[member.wire] = times.ZERO if is_time else plain(item)
    return out


def _is_empty(member: _Member, item: Any) -> bool:
    # Go keeps a pointer to false; an optional bool is one, and nothing else here is.
    return item is None or (not item and _optional(member.type) != (bool, True))


def _read_shape(shape: Any, value: Mapping[str, Any], where: str) -> Any:
    by_name = {key.lower(): item for key, item in value.items()}
    found = {
        member.name: read(member.type, by_name[member.wire.lower()], f"{where}.{member.wire}")
        for member in _members(shape)
        if by_name.get(member.wire.lower()) is not None
    }
    return shape(**found)


def _read_scalar(annotation: Any, value: Any, where: str) -> Any:
    if annotation is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if annotation is Any:
        return value
    if isinstance(value, bool) and annotation is not bool:
        raise InvalidError(f"invalid {where}: want {_WORDS[annotation]}, got {_short(value)}")
    return _expect(value, annotation, where, _WORDS[annotation])


def _expect(value: Any, kind: type[Any], where: str, word: str) -> Any:
    if not isinstance(value, kind):
        raise InvalidError(f"invalid {where}: want {word}, got {_short(value)}")
    return value


def _zero(annotation: Any) -> Any:
    if typing.get_origin(annotation) is tuple:
        return ()
    if typing.get_origin(annotation) is Mapping:
        return {}
    return annotation()


def _short(value: Any) -> str:
    # The value itself may be secret; its kind is enough to find the fault.
    kinds = {dict: "an object", list: "a list", bytes: "other text", type(None): "null"}
    return kinds.get(type(value)) or _WORDS.get(type(value), "something else")


def _optional(annotation: Any) -> tuple[Any, bool]:
    arguments = typing.get_args(annotation)
    if type(None) not in arguments:
        return annotation, False
    return next(a for a in arguments if a is not type(None)), True


@functools.cache
def _members(shape: Any) -> tuple[_Member, ...]:
    hints = typing.get_type_hints(shape)
    return tuple(
        _Member(field.name, wire.name, wire.omitempty, hints[field.name])
        for field in dataclasses.fields(shape)
        for wire in (fields.wire(field),)
    )
