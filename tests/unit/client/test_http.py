from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from convox.client.endpoint import Endpoint
from convox.client.http import Http, error_message
from convox.core import errors
from tests.fakes.wire_server import Answer, Asked, WireServer


class Counting:
    """A body that is never whole: counts what was read of it."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.largest = 0

    def read(self, size: int = 65536, /) -> bytes:
        self.largest = max(self.largest, size)
        data = b"x" * min(size, self.left)
        self.left -= len(data)
        return data

    def close(self) -> None:
        pass


CLIENTS: list[Http] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while CLIENTS:
        CLIENTS.pop().close()


def client(server: WireServer, path: str = "", **options: Any) -> Http:
    CLIENTS.append(Http(Endpoint(server.url + path, **options)))
    return CLIENTS[-1]


def echo(asked: Asked) -> Answer:
    return Answer(body=b'{"ok": true}')


def test_a_get_carries_what_a_rack_expects() -> None:
    with WireServer(echo) as server:
        http = client(server, "/pfx", rack="acme/prod", session="s1")

        answer = http.request("GET", "/apps", query={"limit": "2", "a b": "c&d"})

        assert answer.json() == {"ok": True}
        asked = server.asked[0]
        http.close()
    assert (asked.method, asked.target) == ("GET", "/pfx/apps?a+b=c%26d&limit=2")
    assert asked.headers["rack"] == "acme/prod"
    assert asked.headers["session"] == "s1"
    assert asked.headers["authorization"] == "Basic Y29udm94OnNlY3JldA=="
    assert asked.headers["content-type"] == "application/octet-stream"


def test_the_session_header_is_sent_even_when_empty() -> None:
    with WireServer(echo) as server:
        client(server).request("GET", "/apps").close()

        assert server.asked[0].headers["session"] == ""
        assert "rack" not in server.asked[0].headers


def test_a_form_is_encoded() -> None:
    with WireServer(echo) as server:
        client(server).request("POST", "/apps", form={"name": "a b", "x": "1=2"}).close()

        asked = server.asked[0]
    assert asked.body == b"name=a+b&x=1%3D2"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def test_connections_are_used_again() -> None:
    with WireServer(echo) as server:
        http = client(server)

        for _ in range(3):
            http.request("GET", "/apps").content()

        http.close()
        assert server.connections == 1


def test_an_idle_connection_that_was_closed_is_replaced() -> None:
    with WireServer(lambda asked: Answer(body=b"1", drop=True)) as server:
        http = client(server)

        answers = [http.request("GET", "/apps").text() for _ in range(3)]

        http.close()
        assert answers == ["1", "1", "1"]


def test_what_must_not_be_sent_twice_goes_over_a_connection_of_its_own() -> None:
    with WireServer(echo) as server:
        http = client(server)

        for method in ("GET", "POST", "GET", "DELETE"):
            http.request(method, "/apps").content()

        http.close()
        assert server.connections == 3


def test_a_body_of_unknown_length_travels_in_chunks() -> None:
    body = Counting(1_000_000)
    with WireServer(echo) as server:
        client(server).request("POST", "/x", body=body).close()

        assert server.asked[0].chunked
        assert len(server.asked[0].body) == 1_000_000
    assert body.largest <= 65536


def test_a_body_of_known_length_says_it() -> None:
    with WireServer(echo) as server:
        client(server).request("POST", "/x", body=io.BytesIO(b"12345"), length=5).close()

        assert server.asked[0].headers["content-length"] == "5"
        assert server.asked[0].body == b"12345"


def test_a_body_shorter_than_announced_is_an_error() -> None:
    with WireServer(echo) as server, pytest.raises(errors.InvalidError, match="as long as"):
        client(server).request("POST", "/x", body=io.BytesIO(b"123"), length=5)


def test_an_answer_in_chunks_is_put_together() -> None:
    chunked = Answer(
        body=b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n",
        headers=(("Transfer-Encoding", "chunked"),),
    )
    with WireServer(lambda asked: chunked) as server:
        http = client(server)

        assert http.request("GET", "/x").text() == "abcde"
        assert http.request("GET", "/x").text() == "abcde"
        http.close()
        assert server.connections == 1


def test_a_body_cut_short_is_an_error() -> None:
    cut = Answer(body=b"abc", headers=(("Content-Length", "10"),), drop=True)
    with (
        WireServer(lambda asked: cut) as server,
        pytest.raises(errors.UnavailableError, match="connection lost in the middle"),
    ):
        client(server).request("GET", "/x").text()


def test_a_chunk_that_is_no_number_is_an_error() -> None:
    broken = Answer(body=b"zz\r\n", headers=(("Transfer-Encoding", "chunked"),), drop=True)
    with WireServer(lambda asked: broken) as server, pytest.raises(errors.UnavailableError):
        client(server).request("GET", "/x").text()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.UnauthenticatedError),
        (403, errors.ConflictError),
        (404, errors.NotFoundError),
        (500, errors.FailedError),
        (503, errors.UnavailableError),
        (418, errors.FailedError),
    ],
)
def test_a_status_has_its_kind_of_error(status: int, kind: type[errors.ConvoxError]) -> None:
    answer = Answer(status, b"app not found: x\n")
    with WireServer(lambda asked: answer) as server, pytest.raises(kind) as caught:
        client(server).request("GET", "/x")

    assert caught.value.wire == "app not found: x"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "response status 500"),
        (" text \n", "text"),
        ('{"error": "why"}', "why"),
        ('{"error": ""}', '{"error": ""}'),
        ("{not json", "{not json"),
    ],
)
def test_the_sentence_of_an_error_is_found(body: str, message: str) -> None:
    assert error_message(500, body) == message


def test_a_redirect_is_not_followed() -> None:
    moved = Answer(302, headers=(("Location", "https://elsewhere.example.org/"),))
    with WireServer(lambda asked: moved) as server, pytest.raises(errors.FailedError) as caught:
        client(server).request("GET", "/x")

    assert "elsewhere.example.org" in caught.value.wire
    assert len(server.asked) == 1


def test_nothing_there_says_where() -> None:
    with WireServer(echo) as server:
        url = server.url

    with pytest.raises(errors.UnavailableError, match=r"cannot connect to 127\.0\.0\.1:\d+"):
        Http(Endpoint(url)).request("GET", "/x")


def test_a_path_and_a_header_cannot_smuggle_a_line() -> None:
    with WireServer(echo) as server:
        client(server).request("GET", "/a b\r\nX: 1", headers={"Command": "ls\r\nX: 2"}).close()

        asked = server.asked[0]
    assert asked.target == "/a%20b%0D%0AX:%201"
    assert asked.headers["command"] == "ls  X: 2"
    assert "x" not in asked.headers


def test_slashes_in_names_stay() -> None:
    with WireServer(echo) as server:
        client(server).request("GET", "/registries/registry.example.org/team").close()

        assert server.asked[0].target == "/registries/registry.example.org/team"


class Console:
    """Asks for a session once."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, asked: Asked) -> Answer:
        if asked.target == "/session":
            return Answer(body=b'{"id": "s2"}')
        if asked.headers["session"] == "s2":
            return Answer(body=b"[]")
        challenge = f'Session path="/session" token="{self.token}"'
        return Answer(401, b"no", headers=(("WWW-Authenticate", challenge),))


def test_a_session_is_asked_for_and_the_request_repeated() -> None:
    kept: list[str] = []
    with WireServer(Console("false")) as server:
        http = Http(Endpoint(server.url), kept.append)

        answer = http.request("POST", "/apps", body=io.BytesIO(b"again")).text()

        http.close()
        posted = [asked.body for asked in server.asked if asked.target == "/apps"]
    assert answer == "[]"
    assert posted == [b"again", b"again"]
    assert kept == ["s2"]


def test_a_security_key_is_said_to_be_needed() -> None:
    with (
        WireServer(Console("true")) as server,
        pytest.raises(errors.UnauthenticatedError) as caught,
    ):
        client(server).request("GET", "/apps")

    assert "security key" in caught.value.wire
    assert caught.value.fix


def test_another_401_is_the_error_itself() -> None:
    answer = Answer(401, b"invalid authentication", headers=(("WWW-Authenticate", "Basic"),))
    with WireServer(lambda asked: answer) as server:
        with pytest.raises(errors.UnauthenticatedError, match="invalid authentication"):
            client(server).request("GET", "/apps")

        assert len(server.asked) == 1


def test_an_early_refusal_is_told_instead_of_a_broken_pipe() -> None:
    refused = Answer(500, b"upload too large\n", headers=(("Connection", "close"),), drop=True)
    with WireServer(lambda asked: refused) as server, pytest.raises(errors.FailedError) as caught:
        client(server).request("POST", "/x", body=Counting(100))

    assert caught.value.wire == "upload too large"


def test_a_download_is_read_in_pieces() -> None:
    size = 3_000_000
    with WireServer(lambda asked: Answer(body=b"y" * size)) as server:
        response = client(server).request("GET", "/x")
        pieces = []
        while data := response.read(65536):
            pieces.append(len(data))

    assert sum(pieces) == size
    assert max(pieces) <= 65536
