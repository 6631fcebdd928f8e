"""A rack that does everything there is and remembers what it was asked."""

from __future__ import annotations

import dataclasses
import typing

from convox.api.operations import Kind, operations
from tests.fakes.logs import FakeLog
from tests.fakes.rack import Bytes, FakeKeys


@dataclasses.dataclass
class Asked:
    """One call of a provider's method."""

    operation: str
    path: tuple
    options: object = None
    body: bytes = b""

    def __str__(self):
        said = [*map(repr, self.path), *([_short(self.options)] if self.options else [])]
        size = [f"<{len(self.body)} bytes>"] if self.body else []
        return f"{self.operation}({', '.join([*said, *size])})"


class Recorder:
    """Answers each operation with the empty value of its result."""

    def __init__(self):
        self._keys = FakeKeys()
        self.asked = []

    def __getattr__(self, name):
        operation = operations().get(name)
        if operation is None:
            raise AttributeError(name)
        return lambda *arguments: self._record(operation, arguments)

    def _record(self, operation, arguments):
        path, rest = arguments[: len(operation.path_names)], arguments[len(operation.path_names) :]
        options = next((a for a in rest if dataclasses.is_dataclass(a)), None)
        stream = next((a for a in rest if not dataclasses.is_dataclass(a)), None)
        body = b""
        while stream is not None and (piece := stream.read()):
            body += piece
        self.asked.append(Asked(operation.name, path, options, body))
        return _empty(operation)


def _empty(operation):
    if operation.kind is Kind.DOWNLOAD:
        return Bytes(b"some bytes")
    if operation.kind is Kind.LOGS:
        log = FakeLog()
        log.write("a line")
        log.end()
        return log.feed()
    if typing.get_origin(operation.result) is tuple:
        return ()
    if operation.result is bool:
        return True
    return operation.result() if operation.result is not type(None) else None


def _short(options):
    said = [
        f"{field.name}={_plain(getattr(options, field.name))}"
        for field in dataclasses.fields(options)
        if getattr(options, field.name) != field.default
    ]
    return f"{type(options).__name__}({', '.join(said)})"


def _plain(value):
    return str(value) if hasattr(value, "total_seconds") else repr(value)
