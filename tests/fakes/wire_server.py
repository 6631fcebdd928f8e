"""A server that answers what it was told and records what it was asked: HTTP/1.1 and websockets.

Written on plain sockets, so that it sees every byte that a client sends and validates nothing.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""
    frames: list[tuple[str, bytes]] = field(default_factory=list)
    """Of a websocket: kind and payload, neighbouring text joined."""
    chunked: bool = False


@dataclass
class Answer:
    """One answer; `frames` make it a websocket's."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    frames: tuple[tuple[str, bytes], ...] | None = None
    after_end: bool = False
    """Send the frames only once the client has ended its direction."""
    drop: bool = False
    """Close the connection after the answer without another word."""


class WireServer:
    """Listens on loopback until closed; `answer` is called for every request, from any thread."""

    def __init__(
        self, answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http{'s' if tls else ''}://convox:secret@{self.host}"
        self._start(self._accept)

    def __enter__(self) -> WireServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for end in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(end, socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            with connection, connection.makefile("rb") as stream:
                while (asked := read_request(stream)) is not None:
                    self.asked.append(asked)
                    if not self._reply(connection, stream, asked):
                        return
        except (OSError, ValueError):
            connection.close()

    def _reply(self, connection: socket.socket, stream: BinaryIO, asked: Asked) -> bool:
        answer = self._answer(asked)
        if answer.frames is not None:
            self._websocket(connection, stream, asked, answer)
            return False
        fields = [*answer.headers]
        if not any(name.lower() in ("transfer-encoding", "content-length") for name, _ in fields):
            fields.append(("Content-Length", str(len(answer.body))))
        lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in fields)]
        body = b"" if asked.method == "HEAD" else answer.body
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        return not answer.drop

    def _websocket(
        self, connection: socket.socket, stream: BinaryIO, asked: Asked, answer: Answer
    ) -> None:
        key = asked.headers["sec-websocket-key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        connection.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        if answer.after_end:
            while (frame := read_frame(stream)) is not None:
                note(asked.frames, frame)
                if frame[0] == "binary":
                    break
        for kind, payload in answer.frames or ():
            connection.sendall(encode_frame(kind, payload))
        if answer.drop:
            return
        while (frame := read_frame(stream)) is not None:
            note(asked.frames, frame)


def note(frames: list[tuple[str, bytes]], frame: tuple[str, bytes]) -> None:
    kind, payload = frame
    if kind == "text" and frames and frames[-1][0] == "text":
        frames[-1] = ("text", frames[-1][1] + payload)
    elif kind != "close":
        frames.append(frame)


def read_request(stream: BinaryIO) -> Asked | None:
    line = stream.readline().decode()
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers: dict[str, str] = {}
    while text := stream.readline().decode(errors="surrogateescape").strip("\r\n"):
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    asked = Asked(method, target, headers)
    if headers.get("transfer-encoding") == "chunked":
        asked.chunked = True
        while size := int(stream.readline(), 16):
            asked.body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        asked.body = stream.read(int(headers.get("content-length", "0")))
    return asked


KINDS = {0: "text", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def read_frame(stream: BinaryIO) -> tuple[str, bytes] | None:
    try:
        head = stream.read(2)
        if len(head) < 2:
            return None
        size = head[1] & 0x7F
        if size > 125:
            size = int.from_bytes(stream.read(2 if size == 126 else 8))
        mask = stream.read(4)
        payload = stream.read(size)
    except OSError:
        return None
    assert head[1] & 0x80, "a client masks every frame"
    return KINDS[head[0] & 0x0F], bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def encode_frame(kind: str, payload: bytes) -> bytes:
    opcode = {"text": 1, "binary": 2, "close": 8, "ping": 9}[kind]
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 126)) + size.to_bytes(2)
    else:
        head = bytes((0x80 | opcode, 127)) + size.to_bytes(8)
    return head + payload
