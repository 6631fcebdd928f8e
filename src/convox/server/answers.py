"""Results and errors as HTTP answers: sorted, encoded, with the words the wire expects.

Source: wire.md section 4.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from convox.api import codec
from convox.api.operations import Operation
from convox.api.types import (
    App,
    Certificate,
    Instance,
    Process,
    Registry,
    Release,
    Resource,
    ResourceType,
)
from convox.core.errors import ConvoxError

_GO_CLIENT = "convox.go/"
_NEVER = datetime.min.replace(tzinfo=UTC)
_ORDER: dict[type[Any], Callable[[Any], Any]] = {
    App: lambda app: app.name,
    Certificate: lambda certificate: certificate.id.lower(),
    Instance: lambda instance: instance.id,
    Process: lambda process: f"{process.name}-{process.id}",
    Registry: lambda registry: registry.server,
    Resource: lambda resource: resource.name,
    ResourceType: lambda kind: kind.name,
}


def encode(operation: Operation, result: Any) -> bytes:
    """Return the body for what a provider answered; safe on any thread."""
    if operation.result is type(None):
        return b"ok\n"
    return codec.dump(in_order(operation, result))


def in_order(operation: Operation, result: Any) -> Any:
    """Return lists in the order that the wire promises, anything else as it is."""
    if typing.get_origin(operation.result) is not tuple:
        return result
    item = typing.get_args(operation.result)[0]
    if item is Release:
        return tuple(sorted(result, key=lambda r: r.created or _NEVER, reverse=True))
    return tuple(sorted(result, key=_ORDER[item])) if item in _ORDER else result


def success(operation: Operation, body: bytes) -> web.Response:
    """Return the answer of a call that worked."""
    if operation.result is type(None):
        return plain(200, body)
    return web.Response(body=body, headers={"Content-Type": "application/json"})


def plain(status: int, body: bytes = b"") -> web.Response:
    """Return a text answer; an empty one for routes that do not exist."""
    return web.Response(status=status, body=body, content_type="text/plain")


def error(error: ConvoxError, agent: str) -> web.Response:
    """Return an error as one line of text.

    The existing client uses the text as a format string, so for that client alone, known by its
    agent, `%` is doubled; all others get the text as it is.
    """
    text = error.wire.replace("%", "%%") if agent.startswith(_GO_CLIENT) else error.wire
    return plain(error.status, f"{text}\n".encode("utf-8", "replace"))
