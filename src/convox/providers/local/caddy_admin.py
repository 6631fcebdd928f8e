"""Caddy's admin API over its unix socket: load a configuration, ask whether it answers."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path

from convox.core.errors import FailedError, UnavailableError
from convox.providers.local.unix_sockets import connect

_TIMEOUT_S = 20


class Admin:
    """One Caddy; a connection for each request, so that a restart is not noticed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, configuration: bytes) -> None:
        """Make Caddy serve `configuration`; returns once it does, old streams go on.

        Raises:
            UnavailableError: Caddy does not answer.
            FailedError: it refused the configuration, and serves the one before.
        """
        status, body = self._request("POST", "/load", configuration)
        if status != 200:
            raise FailedError("the router refused its configuration", why=_words(body))

    def answers(self) -> bool:
        """Tell whether Caddy is up and serves a configuration."""
        try:
            return self._request("GET", "/config/admin/listen")[0] == 200
        except UnavailableError:
            return False

    def _request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("localhost", timeout=_TIMEOUT_S)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.sock = self._dial()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as e:
            raise UnavailableError("the router does not answer", why=str(e)) from e
        finally:
            connection.close()

    def _dial(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(_TIMEOUT_S)
        try:
            connect(sock, self._path)
        except OSError:
            sock.close()
            raise
        return sock


def _words(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()
