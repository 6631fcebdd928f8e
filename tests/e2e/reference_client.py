"""The existing client's side of the wire, written from the protocol's facts alone.

It shares no code with the project's own client, so that a mistake made on both sides of ours is
still seen. It sends what that client sends, byte for byte where that matters: a bare `?` behind
every path, its headers, unescaped paths, `GET /racks` before each websocket, text frames of at
most 1024 bytes, an empty binary frame as the end, an empty ping every five seconds.
"""

import base64
import contextlib
import json
import os
import socket
import ssl
import struct
import time
from dataclasses import dataclass
from urllib.parse import urlencode

EXIT = b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:"


class RefusedError(Exception):
    """An answer of 400 or more; the text is what that client would print."""


@dataclass(frozen=True)
class ReferenceClient:
    """Speaks to one rack at localhost over TLS without verification, as that client does."""

    port: int
    password: str

    def request(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        form: dict[str, str] | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        chunked: bool = False,
    ) -> bytes:
        """Send one request and return the body; RefusedError for 400 and above."""
        kind = "application/octet-stream"
        if form is not None:
            kind, body = (
                "application/x-www-form-urlencoded",
                urlencode(sorted(form.items())).encode(),
            )
        lines = [
            f"{method} {path}?{query} HTTP/1.1",
            f"Host: localhost:{self.port}",
            "User-Agent: convox.go/dev",
            *self._common(),
            f"Content-Type: {kind}",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
            "Accept-Encoding: gzip",
        ]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif body is not None or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body or b'')}")
        with self._dial() as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            connection.sendall(_chunks(body or b"") if chunked else body or b"")
            status, got, text = _answer(connection, method)
        assert got.get("content-encoding") is None, "a body must never be compressed"
        if status >= 400:
            raise RefusedError(text.decode().strip() or f"response status {status}")
        return text

    def json(self, method: str, path: str, **options) -> object:
        """Send one request whose answer is JSON."""
        return json.loads(self.request(method, path, **options))

    def socket(self, path: str, headers: dict[str, str], stdin: bytes | None = None) -> bytes:
        """Run one websocket exchange to its end and return every byte that came."""
        with self.open(path, headers) as stream:
            if stdin is not None:
                for start in range(0, len(stdin), 1024):
                    stream.send(1, stdin[start : start + 1024])
                stream.send(2, b"")
            return stream.rest()

    def open(self, path: str, headers: dict[str, str]) -> "Frames":
        """Open a websocket as that client does."""
        with contextlib.suppress(RefusedError):
            self.request("GET", "/racks")
        connection = self._dial()
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: localhost:{self.port}",
            "User-Agent: convox.go/dev",
            "Connection: Upgrade",
            f"Origin: https://localhost:{self.port}",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Upgrade: websocket",
            *self._common(),
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = _head(connection)
        if " 101 " not in head.split("\r\n")[0]:
            raise RefusedError("websocket: bad handshake")
        assert "sec-websocket-extensions" not in head.lower(), "none was offered"
        return Frames(connection)

    def exit_of(self, path: str, headers: dict[str, str], stdin: bytes = b"") -> tuple[int, bytes]:
        """Run an exec; return its exit status, read as that client reads it, and its output."""
        with self.open(path, headers) as stream:
            for start in range(0, len(stdin), 1024):
                stream.send(1, stdin[start : start + 1024])
            stream.send(2, b"")
            output = b""
            while (message := stream.message()) is not None:
                for start in range(0, len(message), 1024):
                    chunk = message[start : start + 1024]
                    if EXIT in chunk:
                        before, _, code = chunk.partition(EXIT)
                        return int(code.decode().strip()), output + before
                    output += chunk
        return 0, output

    def _common(self) -> list[str]:
        basic = base64.b64encode(f"convox:{self.password}".encode()).decode()
        return [f"Authorization: Basic {basic}", "Accept: */*", "Session: ", "Version: dev"]

    def _dial(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", self.port), 60)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(raw, server_hostname="localhost")


class Frames:
    """Websocket frames over a connection, client side."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._pinged = time.monotonic()
        self.pongs = 0

    def __enter__(self) -> "Frames":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, opcode: int, data: bytes) -> None:
        """Send one masked frame."""
        mask = os.urandom(4)
        length = (
            bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        )
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self._connection.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def message(self) -> bytes | None:
        """Return the next text message; None at a binary frame, a close, or the end."""
        data = b""
        while True:
            if time.monotonic() - self._pinged > 5:
                self.send(9, b"")
                self._pinged = time.monotonic()
            try:
                first, second = _exactly(self._connection, 2)
                size = second & 127
                if size >= 126:
                    size = int.from_bytes(
                        _exactly(self._connection, 2 if size == 126 else 8), "big"
                    )
                payload = _exactly(self._connection, size)
            except (ConnectionError, ssl.SSLError):
                return None
            opcode = first & 15
            if opcode in (0, 1):
                data += payload
                if first & 0x80:
                    return data
            elif opcode == 10:
                self.pongs += 1
            elif opcode in (2, 8):
                return None

    def rest(self) -> bytes:
        """Return everything up to the end."""
        data = b""
        while (message := self.message()) is not None:
            data += message
        return data


def _chunks(body: bytes) -> bytes:
    pieces = [body[i : i + 32768] for i in range(0, len(body), 32768)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def _head(connection: ssl.SSLSocket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _exactly(connection, 1)
    return head.decode("latin-1")


def _answer(connection: ssl.SSLSocket, method: str) -> tuple[int, dict[str, str], bytes]:
    lines = _head(connection).split("\r\n")
    status = int(lines[0].split()[1])
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
    if method == "HEAD":
        return status, headers, b""
    if headers.get("transfer-encoding") == "chunked":
        return status, headers, _dechunked(connection)
    return status, headers, _exactly(connection, int(headers.get("content-length", "0")))


def _dechunked(connection: ssl.SSLSocket) -> bytes:
    body = b""
    while True:
        line = b""
        while not line.endswith(b"\r\n"):
            line += _exactly(connection, 1)
        size = int(line.split(b";")[0], 16)
        body += _exactly(connection, size)
        _exactly(connection, 2)
        if size == 0:
            return body


def _exactly(connection: ssl.SSLSocket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("the connection ended")
        data += more
    return data
