"""Servers for the router to route to, in this process, and a client that talks to the router."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from websockets.sync.server import ServerConnection, serve


@dataclass
class Upstream:
    """An HTTP server that says its name, holds answers, streams events and counts bodies."""

    name: str
    port: int = 0
    holding: threading.Event = field(default_factory=threading.Event)
    """Set when a request to /hold or /events has begun."""
    go: threading.Event = field(default_factory=threading.Event)
    """What /hold and /events wait for."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a client of /events has left."""


@contextmanager
def upstream(name: str) -> Iterator[Upstream]:
    """Run a server on a free port of every address."""
    state = Upstream(name)
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("0.0.0.0", 0), handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.go.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Upstream
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/hold":
            self.state.holding.set()
            self.state.go.wait(30)
        if self.path == "/events":
            self._events()
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(json.dumps({"name": self.state.name, "headers": headers}).encode())

    def do_POST(self) -> None:
        left = total = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self._answer(json.dumps({"name": self.state.name, "bytes": total}).encode())

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b"data: first\n\n")
        self.state.holding.set()
        while not self.state.go.wait(0.02):
            if self._client_left():
                self.state.gone.set()
                return
        self.wfile.write(b"data: second\n\n")

    def _client_left(self) -> bool:
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.connection.setblocking(True)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def echo() -> Iterator[int]:
    """Run a websocket server that repeats what it hears; yields its port."""

    def repeat(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(repeat, "0.0.0.0", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Answer:
    """What the router answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value: dict[str, object] = json.loads(self.body)
        return value


class Client(http.client.HTTPSConnection):
    """A connection to the router's HTTPS port for one host; the certificate is verified."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext, timeout_s: float = 10
    ) -> None:
        super().__init__(host, port, timeout=timeout_s, context=context)
        self._tls = context

    def connect(self) -> None:
        raw = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)

    def ask(
        self, path: str = "/", method: str = "GET", body: object = None, **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.request(method, path, body, named)
        answer = self.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
