"""The route table as a page: docs/reference/api.md, written by `script/docs`."""

from __future__ import annotations

import typing
from typing import Any

from convox.api.fields import Carrier
from convox.api.operations import Kind, Operation, Parameter, operations

_MARKS = {Carrier.FORM: "F", Carrier.QUERY: "Q", Carrier.HEADER: "H"}
_HEAD = """\
# The rack's API

<!-- Rendered from the contract by api/reference.py; do not edit. -->

Every route of a rack, in the order in which they are tried. The same table is
`docs/openapi.json`, for programs, and `convox api routes`, with who implements it.

Authentication is HTTP basic: any user with the rack's password, or user `jwt` with a token of
`convox rack access`. A read-only token may use what is marked `r`. A failure is a line of text with
status 401, 403, 404, 500 or 503; for agents `convox.go/...`, which take it for a format string, and
for them alone, each `%` in it is doubled.

SOCKET is a GET that asks for a websocket: data travels in text frames of raw bytes, an empty binary
frame ends a direction, and a shell ends with `F1E49A85-0AD7-4AEF-A618-C249C6E6568D:STATUS`.

Inputs: F in a form, Q in the query, H in a header. Lists are joined with commas, maps are
URL-encoded into one value, durations look like `1h30m0s`, times like `20260102.030405.000000000`.
Values that are not public are never logged: `*` marks them.

Three routes are outside the contract: `GET /auth` answers `ok` to any credential, `/check` to
anyone, and `GET /racks`, which clients ask before each websocket, is 404.

| route | operation | permission | r | event | inputs | result |
|---|---|---|---|---|---|---|
"""


def render_markdown() -> str:
    """Return the page."""
    return _HEAD + "".join(_row(operation) for operation in operations().values())


def _row(operation: Operation) -> str:
    cells = (
        f"`{operation.method} {operation.path}`",
        operation.name,
        operation.permission,
        "r" if operation.reads else "",
        operation.event,
        _inputs(operation),
        _result(operation),
    )
    return f"| {' | '.join(cells)} |\n"


def _inputs(operation: Operation) -> str:
    said = [_parameter(parameter) for parameter in operation.parameters]
    if operation.kind is Kind.UPLOAD:
        said.append("bytes")
    return ", ".join(said)


def _parameter(parameter: Parameter) -> str:
    wire = parameter.wire
    mark = _MARKS[wire.carrier] if wire.carrier else ""
    secret = "" if wire.classification == "public" else "*"
    return f"{mark} `{wire.name}`{secret} {_type(parameter.type)}"


def _result(operation: Operation) -> str:
    named = {
        Kind.DOWNLOAD: "bytes",
        Kind.LOGS: "log",
        Kind.SHELL: "stream, exit status",
        Kind.TUNNEL: "stream",
    }
    return named.get(operation.kind) or _type(operation.result)


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple:
        return f"[{_type(arguments[0])}]"
    if origin is not None:
        return "map"
    names = {type(None): "ok", "timedelta": "duration", "datetime": "time"}
    return names.get(annotation) or names.get(annotation.__name__) or str(annotation.__name__)
