"""Requests as bytes, for what no client would send."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from contextlib import contextmanager

from convox.client import socket as sockets
from convox.client.endpoint import Endpoint
from tests.fakes.serving import PASSWORD


def basic(password=PASSWORD, user="convox"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def ask(server, method, path, *, body=None, headers=None, auth=True):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.putrequest(method, path)
        sent = {"Authorization": basic()} if auth else {}
        if body is not None:
            sent["Content-Length"] = str(len(body))
        for name, value in (sent | (headers or {})).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def post_form(server, path, text, **headers):
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return ask(server, "POST", path, body=text.encode(), headers=headers)


def open_socket(server, path, headers=None, *, url=None):
    return sockets.connect(Endpoint(url or server.url), path, headers or {})


def messages(stream):
    """Every message up to the end, in order."""
    out = []
    while message := stream.read():
        out.append(message)
    stream.close()
    return out


@contextmanager
def connected(server, data):
    """A TCP connection on which `data` was sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as carrier:
        carrier.sendall(data)
        yield carrier


def head(method, path, **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: {basic()}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
