from __future__ import annotations

import threading

import pytest

from convox.client.endpoint import Endpoint
from convox.client.http import Http
from convox.client.socket import Socket, connect
from convox.core import errors
from tests.fakes.wire_server import Answer, Asked, WireServer

END = ("binary", b"")


def opened(server: WireServer, **headers: str) -> Socket:
    return connect(Endpoint(server.url), "/apps/a/logs", headers)


def everything(socket: Socket) -> bytes:
    parts = []
    while data := socket.read():
        parts.append(data)
    socket.close()
    return b"".join(parts)


def frames(*sent: tuple[str, bytes]) -> Answer:
    return Answer(frames=sent)


def test_text_frames_are_bytes_and_an_empty_binary_is_the_end() -> None:
    answer = frames(("text", b"\xff\x00a"), ("text", b"b"), END)
    with WireServer(lambda asked: answer) as server:
        assert everything(opened(server)) == b"\xff\x00ab"


def test_the_handshake_is_the_existing_clients() -> None:
    with WireServer(lambda asked: frames(END)) as server:
        everything(opened(server, Command="ls", Tty="false"))

        headers = server.asked[0].headers
    assert headers["origin"] == f"http://{server.host}"
    assert headers["sec-websocket-version"] == "13"
    assert (headers["command"], headers["tty"]) == ("ls", "false")
    assert headers["authorization"].startswith("Basic ")
    assert "sec-websocket-extensions" not in headers
    assert "sec-websocket-protocol" not in headers


@pytest.mark.parametrize("size", [1, 125, 126, 65535, 65536, 200_000])
def test_frames_of_every_length_travel_both_ways(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    answer = Answer(frames=(("text", payload[:size]), END), after_end=True)
    with WireServer(lambda asked: answer) as server:
        socket = opened(server)
        socket.write(payload[:size])
        socket.end()

        assert everything(socket) == payload[:size]
    assert server.asked[0].frames == [("text", payload[:size]), END]


def test_nothing_to_write_is_no_frame() -> None:
    with WireServer(lambda asked: Answer(frames=(END,), after_end=True)) as server:
        socket = opened(server)
        socket.write(b"")
        socket.end()
        everything(socket)

    assert server.asked[0].frames == [END]


def test_a_ping_is_answered() -> None:
    with WireServer(lambda asked: frames(("ping", b"hi"), ("text", b"a"), END)) as server:
        assert everything(opened(server)) == b"a"
    assert server.asked[0].frames == [("pong", b"hi")]


def test_a_clean_close_is_an_end() -> None:
    with WireServer(lambda asked: frames(("text", b"a"), ("close", b"\x03\xe8"))) as server:
        assert everything(opened(server)) == b"a"


def test_an_unclean_close_is_an_error() -> None:
    answer = frames(("close", b"\x03\xf3boom"))
    with WireServer(lambda asked: answer) as server:
        socket = opened(server)
        with pytest.raises(errors.UnavailableError, match="before its end"):
            socket.read()
        socket.close()


def test_a_lost_connection_is_an_error() -> None:
    answer = Answer(frames=(("text", b"half"),), drop=True)
    with WireServer(lambda asked: answer) as server:
        socket = opened(server)
        assert socket.read() == b"half"
        with pytest.raises(errors.UnavailableError, match="lost connection"):
            socket.read()
        socket.close()


def test_reading_after_the_end_stays_at_the_end() -> None:
    with WireServer(lambda asked: frames(END)) as server:
        socket = opened(server)

        assert (socket.read(), socket.read(), socket.ended) == (b"", b"", True)
        socket.close()


def test_closing_wakes_a_reader() -> None:
    with WireServer(lambda asked: frames()) as server:
        socket = opened(server)
        caught: list[Exception] = []

        def read() -> None:
            try:
                socket.read()
            except errors.UnavailableError as error:
                caught.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        socket.close()
        reader.join(1)

        assert not reader.is_alive()
    assert len(caught) == 1


def test_writing_to_one_that_is_gone_says_so() -> None:
    with WireServer(lambda asked: frames(END)) as server:
        socket = opened(server)
        socket.close()

        with pytest.raises(BrokenPipeError):
            socket.write(b"x")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, errors.UnauthenticatedError), (404, errors.NotFoundError), (500, errors.FailedError)],
)
def test_a_refused_handshake_is_the_racks_error(
    status: int, kind: type[errors.ConvoxError]
) -> None:
    answer = Answer(status, b"app not found: a\n")
    with WireServer(lambda asked: answer) as server, pytest.raises(kind) as caught:
        opened(server)

    assert caught.value.wire == "app not found: a"


def test_an_answer_for_another_key_is_refused() -> None:
    wrong = Answer(101, headers=(("Sec-WebSocket-Accept", "bm8="),))
    with (
        WireServer(lambda asked: wrong) as server,
        pytest.raises(errors.UnavailableError, match="does not speak websockets"),
    ):
        opened(server)


def test_a_console_that_wants_a_session_gets_one() -> None:
    challenge = (("WWW-Authenticate", 'Session path="/session" token="false"'),)

    def console(asked: Asked) -> Answer:
        if asked.target == "/session":
            return Answer(body=b'{"id": "s2"}')
        if asked.headers["session"] == "s2":
            return frames(("text", b"in"), END)
        return Answer(401, b"no", headers=challenge)

    with WireServer(console) as server:
        http = Http(Endpoint(server.url))
        assert everything(connect(http, "/apps/a/logs", {})) == b"in"
        http.close()


def test_many_writers_never_mix_their_frames() -> None:
    answer = Answer(frames=(END,), after_end=True)
    with WireServer(lambda asked: answer) as server:
        socket = opened(server)
        writers = [
            threading.Thread(target=lambda c=c: [socket.write(c * 500) for _ in range(50)])
            for c in (b"a", b"b", b"c")
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        socket.end()
        everything(socket)

    text = server.asked[0].frames[0][1]
    pieces = [text[i : i + 500] for i in range(0, len(text), 500)]
    assert len(pieces) == 150
    assert all(len(set(piece)) == 1 for piece in pieces)
