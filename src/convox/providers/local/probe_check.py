"""One health check of a process as a state machine over a socket that never blocks.

The prober steps it whenever its socket is ready. HTTP counts as healthy with 200 to 399 or 401;
gRPC when the other side opens HTTP/2, since a service need not have any method to call; a
datastore with the answers that hello.py knows.
Certificates are not verified: a process behind the router may sign its own.
Source: manifest.md section 8, "Health".
"""

from __future__ import annotations

import errno
import os
import re
import selectors
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from convox.providers.local.caddy import Scheme
from convox.providers.local.desired import Health
from convox.providers.local.hello import HELLOS, Speech

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")
_FIRST_BYTES = 256
_H2_OPENING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""The connection preface and an empty SETTINGS frame. Source: RFC 9113 sections 3.4 and 6.5."""
_H2_SETTINGS = 4

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@dataclass(frozen=True)
class ProbeTarget:
    """A process that is checked; equal targets are the same start of the same process."""

    id: str
    address: str
    port: int
    scheme: Scheme | Speech
    health: Health
    start: str = ""
    """Tells one start of a container from the next."""


@dataclass(frozen=True)
class Result:
    """How a check ended."""

    healthy: bool
    note: str


@dataclass(frozen=True)
class TlsContexts:
    """Contexts that verify nothing, made once."""

    http: ssl.SSLContext
    grpc: ssl.SSLContext


def tls_contexts() -> TlsContexts:
    """Return the contexts for checks of processes that speak TLS."""
    return TlsContexts(_context([]), _context(["h2"]))


class Check:
    """A check that is under way; `step` when its socket is ready for `interest`."""

    def __init__(self, target: ProbeTarget, tls: TlsContexts) -> None:
        self._target = target
        self._tls = tls
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._answer = b""
        self._is_grpc = target.scheme in ("grpc", "secure-grpc")
        self._hello = HELLOS.get(target.scheme)
        self._next: Callable[[], Result | None] = self._connected
        self.interest = WRITE
        error = self._socket.connect_ex((target.address, target.port))
        self._error = 0 if error in (0, errno.EINPROGRESS) else error

    def fileno(self) -> int:
        """Return the socket's number, for a selector."""
        return self._socket.fileno()

    def close(self) -> None:
        """Give the check up."""
        self._socket.close()

    def step(self) -> Result | None:
        """Go on as far as the socket allows; the result once there is one."""
        try:
            return self._next()
        except ssl.SSLWantReadError:
            self.interest = READ
        except ssl.SSLWantWriteError:
            self.interest = WRITE
        except BlockingIOError:
            pass
        except OSError as error:
            return self._failed(_words(error))
        return None

    def timed_out(self) -> Result:
        """Return the result of a check that took too long."""
        return self._failed(f"did not answer in {self._target.health.timeout_s} s")

    def _connected(self) -> Result | None:
        error = self._error or self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            return self._failed(_words(OSError(error, os.strerror(error))))
        if self._target.scheme in ("https", "secure-grpc"):
            context = self._tls.grpc if self._is_grpc else self._tls.http
            self._socket = context.wrap_socket(self._socket, do_handshake_on_connect=False)
            self._next = self._shake_hands
        else:
            self._next = self._send
        return self._next()

    def _shake_hands(self) -> Result | None:
        assert isinstance(self._socket, ssl.SSLSocket)  # noqa: S101  wrapped before
        self._socket.do_handshake()
        self._next = self._send
        return self._send()

    def _send(self) -> Result | None:
        # A request is far smaller than any socket's buffer: it goes out whole.
        if request := self._request():
            self._socket.send(request)
        self._next = self._receive
        self.interest = READ
        return self._receive()

    def _request(self) -> bytes:
        target = self._target
        if self._hello is not None:
            return self._hello.request
        if self._is_grpc:
            return _H2_OPENING
        return (
            f"GET {target.health.path} HTTP/1.1\r\nHost: {target.address}:{target.port}\r\n"
            "User-Agent: convox-health/3\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        ).encode()

    def _receive(self) -> Result | None:
        data = self._socket.recv(_FIRST_BYTES)
        self._answer += data
        result = self._judge()
        if result is None and not data:
            return self._failed("closed the connection without an answer")
        return result

    def _judge(self) -> Result | None:
        if self._hello is not None:
            verdict = self._hello.judge(self._answer)
            return Result(verdict.ready, self._note(verdict.words)) if verdict else None
        return self._judge_grpc() if self._is_grpc else self._judge_http()

    def _judge_grpc(self) -> Result | None:
        if len(self._answer) < 9:
            return None
        if self._answer[3] == _H2_SETTINGS:
            return Result(True, "opened HTTP/2")
        return self._failed("does not speak HTTP/2")

    def _judge_http(self) -> Result | None:
        if len(self._answer) < 12:
            return None
        found = _STATUS.match(self._answer)
        if found is None:
            return self._failed("does not speak HTTP")
        status = int(found.group(1))
        note = self._note(f"answered {status}")
        return Result(200 <= status <= 399 or status == 401, note)

    def _failed(self, words: str) -> Result:
        return Result(False, self._note(words))

    def _note(self, words: str) -> str:
        port = self._target.port
        if self._is_grpc or self._hello is not None:
            return f"port {port} {words}"
        return f"GET {self._target.health.path} on port {port} {words}"


def _context(protocols: list[str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def _words(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(error, ssl.SSLError):
        return "does not speak TLS"
    return f"failed: {(error.strerror or str(error)).lower()}"
