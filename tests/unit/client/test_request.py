from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING

import pytest

from convox.client.endpoint import Endpoint
from convox.client.request import Request, clean, standard_headers, target
from convox.client.transport import Wire
from convox.core.errors import InvalidError, UnauthenticatedError

if TYPE_CHECKING:
    from convox.client.request import Body

RACK = Endpoint("https://convox:secret@h:5443/pfx", "dev")


def lines(request: Request) -> list[str]:
    return request.head(RACK).decode().split("\r\n")


def streamed(body: Body, length: int | None) -> bytes:
    left, right = socket.socketpair()
    wire = Wire(left)
    try:
        Request("POST", "/", None, None, body, length).stream(wire)
    finally:
        wire.close()
        with right:
            received = b""
            while data := right.recv(65536):
                received += data
    return received


def test_the_head_begins_with_the_request_and_ends_empty() -> None:
    head = lines(Request("GET", "/pfx/apps", {"Tty": "false"}, None, None, None))

    assert head[0] == "GET /pfx/apps HTTP/1.1"
    assert "Tty: false" in head
    assert head[-2:] == ["", ""]
    assert not any(line.startswith("Content-Length") for line in head)


@pytest.mark.parametrize(
    ("body", "length", "line"),
    [
        (None, None, "Content-Length: 0"),
        (b"abc", None, "Content-Length: 3"),
        (io.BytesIO(b"abc"), 3, "Content-Length: 3"),
        (io.BytesIO(b"abc"), None, "Transfer-Encoding: chunked"),
    ],
)
def test_the_length_is_said_or_chunks_are(body: Body, length: int | None, line: str) -> None:
    assert line in lines(Request("POST", "/", None, None, body, length))


def test_no_more_than_was_announced_is_sent() -> None:
    assert streamed(io.BytesIO(b"abcdef"), 4) == b"abcd"


def test_less_than_was_announced_is_an_error() -> None:
    with pytest.raises(InvalidError, match="as long as was announced"):
        streamed(io.BytesIO(b"ab"), 4)


def test_chunks_say_their_sizes() -> None:
    assert streamed(io.BytesIO(b"ab"), None) == b"2\r\nab\r\n0\r\n\r\n"


def test_a_body_that_cannot_go_back_cannot_be_sent_again() -> None:
    class Once:
        def read(self, size: int = -1, /) -> bytes:
            return b""

        def close(self) -> None:
            pass

    with pytest.raises(UnauthenticatedError):
        Request("POST", "/", None, None, Once(), None).rewind()


def test_breaks_in_values_become_spaces() -> None:
    assert clean("a\r\nb\0c") == "a  b c"


def test_a_rack_and_credentials_are_named_when_there_are_any() -> None:
    assert "Rack: dev" in standard_headers(RACK)
    bare = standard_headers(Endpoint("http://h"))
    assert not any(line.startswith(("Rack", "Authorization")) for line in bare)


def test_the_target_keeps_the_prefix() -> None:
    assert target(RACK, "/apps/a b", {"x": "1 2"}) == "/pfx/apps/a%20b?x=1+2"
