"""The contract as a table: one `Operation` for each method of `Rack`, in the order of the page.

Derived once by inspection and cached; nobody writes an operation by hand. It may not import
anything that serves or sends. Read codec.py next for how values travel.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from convox.api import fields
from convox.api.fields import Wire
from convox.api.rack import Rack
from convox.core.errors import InvalidError
from convox.core.stream import Chunks, LogFeed, Stream

_VARIABLE = re.compile(r"\{(\w+)(:[^}]*)?\}")


class Kind(StrEnum):
    """The shape of an exchange, which decides how it is served."""

    CALL = "call"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    SHELL = "shell"
    """A duplex stream that ends with an exit status."""
    TUNNEL = "tunnel"
    """A duplex stream without one."""
    LOGS = "logs"


@dataclass(frozen=True)
class Parameter:
    """One value of a request."""

    name: str
    """The argument or the field of the options shape."""
    wire: Wire
    type: Any
    """The annotation, optional stripped."""
    default: Any


@dataclass(frozen=True)
class Operation:
    """One row of the contract."""

    name: str
    method: str
    """HTTP method; SOCKET for websockets."""
    path: str
    """As in the contract, `{key:.*}` included."""
    permission: str
    event: str
    kind: Kind
    path_names: tuple[str, ...]
    options: type[Any] | None
    """The options shape, absent for most reads."""
    parameters: tuple[Parameter, ...]
    """Everything of the options shape, with where it travels."""
    result: Any
    """The annotation of the answer; NoneType for `ok`."""
    summary: str

    @property
    def reads(self) -> bool:
        """True when a read-only token may use it."""
        return self.permission.rsplit(":", 1)[-1] == "read"

    def matches(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path variables when `method path` is this operation, else None.

        `path` is as on the wire; each variable is percent-decoded once, after the match. Slashes
        in front of a variable that may hold slashes are dropped: `objects//tmp/x` is `tmp/x`.

        Raises:
            InvalidError: an escape in a variable does not decode to UTF-8.
        """
        if method != self.method:
            return None
        found = _pattern(self.path).fullmatch(path)
        if not found:
            return None
        return {name: _decode(self.path, name, text) for name, text in found.groupdict().items()}


@functools.cache
def operations() -> dict[str, Operation]:
    """Return the table: operation name to operation, in the order of the contract."""
    methods = [
        (name, function)
        for name, function in vars(Rack).items()
        if inspect.isfunction(function) and "route" in function.__dict__
    ]
    return {name: _operation(name, function) for name, function in methods}


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the first operation that serves `method path`, and its path variables."""
    for operation in operations().values():
        variables = operation.matches(method, path)
        if variables is not None:
            return operation, variables
    return None


def parameters_of(options: type[Any]) -> tuple[Parameter, ...]:
    """Return the parameters that an options shape carries."""
    hints = typing.get_type_hints(options)
    return tuple(
        Parameter(field.name, fields.wire(field), _required(hints[field.name]), field.default)
        for field in dataclasses.fields(options)
    )


def _operation(name: str, function: Any) -> Operation:
    path, permission, event = function.__dict__["route"]
    method, pattern = path.split(" ", 1)
    hints = typing.get_type_hints(function)
    options = hints.get("opts")
    return Operation(
        name=name,
        method=method,
        path=pattern,
        permission=permission,
        event=event,
        kind=_kind(hints),
        path_names=tuple(match.group(1) for match in _VARIABLE.finditer(pattern)),
        options=options,
        parameters=parameters_of(options) if options else (),
        result=hints["return"],
        summary=inspect.getdoc(function) or "",
    )


def _kind(hints: dict[str, Any]) -> Kind:
    values = list(hints.values())
    result = hints["return"]
    if result is LogFeed:
        return Kind.LOGS
    if Stream in values:
        return Kind.SHELL if result is int else Kind.TUNNEL
    if result is Chunks:
        return Kind.DOWNLOAD
    return Kind.UPLOAD if Chunks in values else Kind.CALL


def _decode(pattern: str, name: str, text: str) -> str:
    try:
        value = unquote(text, errors="strict")
    except UnicodeDecodeError as e:
        raise InvalidError(f"invalid {name}: an escape in the path is not UTF-8") from e
    return value.lstrip("/") if f"{{{name}:" in pattern else value


def _required(annotation: Any) -> Any:
    arguments = [a for a in typing.get_args(annotation) if a is not type(None)]
    is_optional = type(None) in typing.get_args(annotation)
    return arguments[0] if is_optional and len(arguments) == 1 else annotation


@functools.cache
def _pattern(path: str) -> re.Pattern[str]:
    text, position = "", 0
    for match in _VARIABLE.finditer(path):
        text += re.escape(path[position : match.start()])
        text += f"(?P<{match.group(1)}>{(match.group(2) or ':[^/]+')[1:]})"
        position = match.end()
    return re.compile(text + re.escape(path[position:]), re.DOTALL)
