"""The contract as an OpenAPI 3.1 document, made from the table alone.

Socket routes appear as GET with `x-socket`, since OpenAPI has no word for them. Everything that
the contract knows and OpenAPI does not is in `x-` fields: permission, event, classification.
`script/docs` writes docs/openapi.json from it, and a test holds the two together.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from convox import __version__
from convox.api import fields, types
from convox.api.fields import Carrier
from convox.api.operations import Kind, Operation, Parameter, operations

_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
}
_TEXTS: dict[Any, dict[str, Any]] = {
    timedelta: {"type": "string", "examples": ["2m0s", "1.5s", "300ms"]},
    datetime: {"type": "string", "examples": ["20260102.030405.000000000"]},
}
_BYTES: dict[str, Any] = {"application/octet-stream": {"schema": {}}}
_OK = {"text/plain": {"schema": {"type": "string", "const": "ok\n"}}}
_STATUSES = {
    "401": "no credential, a wrong one, or one that may not do this",
    "403": "the thing is in a state that forbids it",
    "404": "there is no such thing, or this rack does not support the operation",
    "500": "the request is invalid or the work failed",
    "503": "a part that is needed does not answer now",
}


def document() -> dict[str, Any]:
    """Return the document as plain data."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations().values():
        path = re.sub(r":[^}]*", "", operation.path)
        method = "get" if operation.method == "SOCKET" else operation.method.lower()
        paths.setdefault(path, {})[method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "convox rack", "version": __version__},
        "security": [{"rack": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"rack": {"type": "http", "scheme": "basic"}},
            "schemas": {shape.__name__: _shape(shape) for shape in _results()},
            "responses": {"error": {"description": "one line of text", "content": _error()}},
        },
    }


def render() -> str:
    """Return the document as the text of docs/openapi.json."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(operation: Operation) -> dict[str, Any]:
    summary, _, rest = operation.summary.partition("\n")
    said: dict[str, Any] = {
        "operationId": operation.name,
        "summary": summary.rstrip("."),
        "x-permission": operation.permission,
        "x-event": operation.event,
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if rest.strip():
        said["description"] = rest.strip()
    body = _body(operation)
    if body:
        said["requestBody"] = {"content": body}
    if operation.method == "SOCKET":
        said["x-socket"] = operation.kind.value
    return said


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        | ({"x-slashes": True} if f"{{{name}:" in operation.path else {})
        for name in operation.path_names
    ]
    carried = [
        {"name": p.wire.name, "in": str(p.wire.carrier), "schema": _text(p)} | _notes(p)
        for p in operation.parameters
        if p.wire.carrier in (Carrier.QUERY, Carrier.HEADER)
    ]
    return path + carried


def _notes(parameter: Parameter) -> dict[str, Any]:
    notes: dict[str, Any] = {"x-classification": str(parameter.wire.classification)}
    if parameter.wire.help:
        notes["description"] = parameter.wire.help
    return notes


def _body(operation: Operation) -> dict[str, Any]:
    if operation.kind is Kind.UPLOAD:
        return _BYTES
    form = [p for p in operation.parameters if p.wire.carrier is Carrier.FORM]
    properties = {p.wire.name: _text(p) | _notes(p) for p in form}
    shape = {"type": "object", "properties": properties}
    return {"application/x-www-form-urlencoded": {"schema": shape}} if form else {}


def _responses(operation: Operation) -> dict[str, Any]:
    failures = {
        status: {"$ref": "#/components/responses/error", "description": text}
        for status, text in _STATUSES.items()
    }
    if operation.method == "SOCKET":
        success = {"101": {"description": "text frames of raw bytes; a binary frame is the end"}}
    elif operation.method == "HEAD":
        success = {"200": {"description": "it is there"}}
    else:
        success = {"200": {"description": "done", "content": _content(operation)}}  # type: ignore[dict-item]
    return success | failures


def _content(operation: Operation) -> dict[str, Any]:
    if operation.kind is Kind.DOWNLOAD:
        return _BYTES
    if operation.result is type(None):
        return _OK
    return {"application/json": {"schema": _schema(operation.result)}}


def _shape(shape: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(shape)
    properties = {}
    for field in dataclasses.fields(shape):
        wire = fields.wire(field)
        notes = {"x-classification": str(wire.classification)}
        properties[wire.name] = _schema(hints[field.name]) | notes
    always = [
        fields.wire(f).name for f in dataclasses.fields(shape) if not fields.wire(f).omitempty
    ]
    return {
        "type": "object",
        "description": " ".join((shape.__doc__ or "").split()),
        "properties": properties,
        "required": always,
    }


def _schema(annotation: Any) -> dict[str, Any]:
    arguments = typing.get_args(annotation)
    if type(None) in arguments:
        inner = _schema(next(a for a in arguments if a is not type(None)))
        # An absent time is the zero time of Go, never null.
        return inner if inner.get("format") == "date-time" else {"oneOf": [inner, {"type": "null"}]}
    if dataclasses.is_dataclass(annotation):
        return {"$ref": f"#/components/schemas/{typing.cast('type', annotation).__name__}"}
    if typing.get_origin(annotation) is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    if typing.get_origin(annotation) is Mapping:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    return dict(_SCALARS[annotation])


def _text(parameter: Parameter) -> dict[str, Any]:
    origin = typing.get_origin(parameter.type)
    if origin is tuple:
        return {"type": "string", "description": "values separated by commas"}
    if origin is Mapping:
        return {"type": "string", "description": "pairs, URL-encoded into one value"}
    return dict(_TEXTS.get(parameter.type) or _SCALARS[parameter.type])


def _error() -> dict[str, Any]:
    return {"text/plain": {"schema": {"type": "string"}}}


def _results() -> list[type[Any]]:
    shapes = [value for value in vars(types).values() if dataclasses.is_dataclass(value)]
    return [s for s in typing.cast("list[type]", shapes) if not s.__name__.endswith("Options")]
