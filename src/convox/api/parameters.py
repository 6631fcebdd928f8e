"""Parameters of requests: each value as one text, and the options shapes made of them.

Used by the client to write a request and by the server to read one; it touches neither. A form
field that is present but empty means the empty text (an env emptied on purpose); elsewhere an
empty value means absent.

Source: wire.md section 3. Read frames.py next for what travels on sockets.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from convox.api import times
from convox.api.fields import Carrier, Classification
from convox.api.operations import Operation, Parameter, parameters_of
from convox.core.errors import InvalidError

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_INT64 = 2**63
_ALWAYS_SENT = frozenset({"rack", "session", "version"})
"""Headers of the client itself: `Version` is its own version, never the one to update to."""
_BREAKS = re.compile(r"[\r\n]")


@dataclass(frozen=True)
class Request:
    """What a call looks like on the wire, without its body of bytes."""

    method: str
    path: str
    """As text, neither percent-encoded nor with its query."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    form: tuple[tuple[str, str], ...] | None = None
    """None when the operation carries no form."""


def request(operation: Operation, path: Mapping[str, str], options: Any = None) -> Request:
    """Return the request that calls `operation`; unset options are left out."""
    carried: dict[Carrier, list[tuple[str, str]]] = {c: [] for c in Carrier}
    for parameter in operation.parameters:
        value = getattr(options, parameter.name)
        carrier = parameter.wire.carrier
        if value is not None and carrier is not None:
            carried[carrier].append((parameter.wire.name, write(value)))
    return Request(
        method="GET" if operation.method == "SOCKET" else operation.method,
        path=_fill(operation.path, path),
        query=tuple(sorted(carried[Carrier.QUERY])),
        headers={name: _BREAKS.sub(" ", text) for name, text in carried[Carrier.HEADER]},
        form=tuple(sorted(carried[Carrier.FORM])) or None,
    )


def options(
    shape: type[Any],
    *,
    form: Mapping[str, str],
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> Any:
    """Return the options that a request carries; headers are looked up in any case.

    Raises:
        InvalidError: a value cannot be read as its type; the message names the parameter.
    """
    lower = {name.lower(): text for name, text in headers.items()}
    found = {}
    for parameter in parameters_of(shape):
        text = _look_up(parameter, form, query, lower)
        if text is not None:
            found[parameter.name] = _read_named(parameter, text)
    return shape(**found)


def redact(options: Any) -> dict[str, str]:
    """Return what a log or an event may say of options: the set ones, the public ones in full."""
    out = {}
    for parameter in parameters_of(type(options)):
        value, classification = getattr(options, parameter.name), parameter.wire.classification
        if value is not None:
            is_public = classification is Classification.PUBLIC
            out[parameter.wire.name] = write(value) if is_public else f"[{classification}]"
    return out


def write(value: Any) -> str:
    """Return the wire text of one value."""
    match value:
        case bool():
            return "true" if value else "false"
        case timedelta():
            return times.format_duration(value)
        case datetime():
            return times.format_compact(value)
        case Mapping():
            return urlencode(sorted(value.items()))
        case tuple():
            return ",".join(_without_comma(item) for item in value)
        case _:
            return str(value)


def parse(annotation: Any, text: str) -> Any:
    """Return the value of type `annotation` that the wire text means.

    Raises:
        InvalidError: the text does not mean such a value.
    """
    if annotation is bool:
        return text == "true"
    if annotation is int:
        return _integer(text)
    if annotation is timedelta:
        return times.parse_duration(text)
    if annotation is datetime:
        return times.parse_compact(text)
    if typing.get_origin(annotation) is tuple:
        return tuple(text.split(",")) if text else ()
    return pairs(text) if typing.get_origin(annotation) is Mapping else text


def pairs(text: str) -> dict[str, str]:
    """Return a query string as a mapping; the first value of a key wins, as in Go.

    Raises:
        InvalidError: an escape does not decode to UTF-8.
    """
    try:
        found = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as e:
        raise InvalidError("invalid parameters: an escaped value is not UTF-8") from e
    out: dict[str, str] = {}
    for name, value in found:
        out.setdefault(name, value)
    return out


def _look_up(
    parameter: Parameter,
    form: Mapping[str, str],
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> str | None:
    name = parameter.wire.name
    header = headers.get(name.lower())
    match parameter.wire.carrier:
        case Carrier.HEADER:
            return header or None
        case Carrier.QUERY:
            return query.get(name) or None
        case _:
            spare = None if name in _ALWAYS_SENT else header
            found = form.get(name) or query.get(name) or spare
            return found or (form.get(name) if _keeps_empty(parameter.type) else None)


def _keeps_empty(annotation: Any) -> bool:
    return annotation not in (bool, int, timedelta, datetime)


def _read_named(parameter: Parameter, text: str) -> Any:
    try:
        return parse(parameter.type, text)
    except InvalidError as e:
        raise InvalidError(f"invalid value for {parameter.wire.name}: {e.wire}") from e


def _integer(text: str) -> int:
    # The length is checked first: int() refuses thousands of digits with another error.
    if not _INTEGER.fullmatch(text) or len(text) > 20 or not -_INT64 <= int(text) < _INT64:
        raise InvalidError(f'"{text[:40]}" is not a whole number')
    return int(text)


def _without_comma(item: str) -> str:
    if "," in item:
        raise InvalidError("a list value cannot hold a comma")
    return item


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, may_hold_slashes = match.group(1), match.group(2)
        if not may_hold_slashes and (not values[name] or "/" in values[name]):
            # Pasted into the path it would be a request for something else.
            raise InvalidError(f'invalid {name}: "{values[name]}" is empty or holds a slash')
        return values[name]

    return re.sub(r"\{(\w+)(:[^}]*)?\}", value, pattern)
