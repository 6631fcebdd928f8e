"""The shapes in which bytes travel, and who has them."""

from __future__ import annotations

import inspect

import pytest

from convox.client.http import Response
from convox.core.stream import Chunks, LogFeed, Stream
from convox.server.pipe import Pipe
from convox.server.sockets import SocketStream
from tests.contract.acts import Terminal
from tests.fakes.logs import FakeLog
from tests.fakes.rack import Bytes


@pytest.mark.parametrize(
    ("shape", "implementer"),
    [
        (Stream, SocketStream),
        (Stream, Terminal),
        (Chunks, Pipe),
        (Chunks, Response),
        (Chunks, Bytes),
        (LogFeed, type(FakeLog().feed())),
    ],
)
def test_what_claims_a_shape_has_all_of_it(shape, implementer):
    for name, member in vars(shape).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            wanted = [p.kind for p in inspect.signature(member).parameters.values()]
            found = [
                p.kind for p in inspect.signature(getattr(implementer, name)).parameters.values()
            ]
            assert len(found) == len(wanted), name
