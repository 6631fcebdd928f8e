"""Every request that the unmodified client was seen to send reaches the right method.

Each distinct request of the recording is sent again, byte for byte, to the real server over a
rack that remembers what it was asked. What it must have been asked is in requests.txt, one line
for each request: reviewed by hand, never rewritten from what the code does.
"""

from __future__ import annotations

import base64
import http.client
import json
from pathlib import Path

import pytest

from convox.client import socket
from convox.client.endpoint import Endpoint
from convox.core.clock import SystemClock
from convox.core.passwords import hash_password
from convox.server.auth import PasswordAuth
from tests.fakes.recorder import Recorder
from tests.fakes.serving import serving

HERE = Path(__file__).parent
RECORDING = HERE.parent / "fixtures" / "client-transcripts.jsonl"
EVERYWHERE = {
    "Accept",
    "Authorization",
    "Content-Length",
    "Content-Type",
    "Origin",
    "Rack",
    "Session",
    "Transfer-Encoding",
    "User-Agent",
    "Version",
}
"""Headers that every request may have, whatever it asks."""
PASSWORDS = ("secret", "cvu_key", "deploy/key:1")
"""Those of the recording; the client sends the last one as `deploy%2Fkey%3A1`."""
CONSOLE_ONLY = {
    "GET /racks?",
    "GET /racks//runtimes?",
    "GET /racks/acme/staging/runtimes?",
    "PUT /racks//runtimes? | runtime=rt-1",
    "POST /racks//sync?",
}
"""Asked of a console; a rack answers 404 with no body. `GET /racks` comes before each socket."""
WITHOUT_OPERATION = {"GET /auth?"}


def requests():
    lines = RECORDING.read_text().splitlines()
    return [request for line in lines for request in json.loads(line)["requests"]]


def name(request):
    """What a request asks, in one line; two alike are one."""
    carried = {k: v for k, v in request["headers"].items() if k not in EVERYWHERE}
    said = [f"{request['method']} {request['path']}"]
    if is_form(request):
        said.append(request["body"])
    if carried:
        said.append(" ".join(f"{k}: {v}" for k, v in sorted(carried.items())))
    if request.get("socket"):
        said.append("socket" + "".join(f" {typed(f)}" for f in request.get("received", [])))
    return " | ".join(said)


def is_form(request):
    return "urlencoded" in request["headers"].get("Content-Type", "") and request["body"]


def typed(frame):
    return "END" if frame[0] == "binary" else repr(as_bytes(frame[1]))


def as_bytes(recorded):
    """What was sent; of something large the size and the beginning were kept."""
    if isinstance(recorded, str):
        return recorded.encode()
    known = base64.b64decode(recorded["base64"] + "=" * (-len(recorded["base64"]) % 4))
    return known.ljust(recorded["bytes"], b"\0")


def distinct():
    return {name(request): request for request in requests()}


def expected():
    rows = (HERE / "requests.txt").read_text().split("\n\n")
    return dict(row.strip().split("\n    ") for row in rows if row.strip())


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def server(recorder):
    hashes = tuple(hash_password(password) for password in PASSWORDS)
    auth = PasswordAuth(lambda: hashes, recorder._keys, SystemClock())
    with serving(recorder, auth=auth) as running:
        yield running


def test_the_recording_is_whole():
    assert len(requests()) == 343
    assert len(distinct()) == len(expected()) + len(CONSOLE_ONLY) + len(WITHOUT_OPERATION)


@pytest.mark.parametrize("line", [n for n in distinct() if n not in CONSOLE_ONLY])
def test_the_request_reaches_its_method(server, recorder, line):
    request = distinct()[line]
    recorder.asked.clear()

    status = replay_socket(server, request) if request.get("socket") else replay(server, request)

    assert status == 200
    assert [str(a) for a in recorder.asked] == ([expected()[line]] if line in expected() else [])
    assert (line in expected()) is (line not in WITHOUT_OPERATION)


@pytest.mark.parametrize("line", sorted(CONSOLE_ONLY))
def test_what_only_a_console_answers_is_unknown_to_a_rack(server, line):
    assert replay(server, distinct()[line]) == 404


def replay(server, request):
    """Send a request with the recorded bytes; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(request["method"], request["path"], skip_accept_encoding=True)
    body = body_of(request)
    headers = dict(request["headers"])
    is_chunked = headers.get("Transfer-Encoding") == "chunked"
    if not is_chunked and (body or "Content-Length" in headers):
        headers["Content-Length"] = str(len(body))
    for key, value in headers.items():
        connection.putheader(key, value)
    connection.endheaders(body or None, encode_chunked=is_chunked)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def body_of(request):
    return as_bytes(request["body"])


def replay_socket(server, request):
    """Open a socket with the recorded headers, send the recorded frames, read to the end."""
    endpoint = Endpoint(f"http://convox:secret@127.0.0.1:{server.port}")
    carried = {k: v for k, v in request["headers"].items() if k not in EVERYWHERE}
    stream = socket.connect(endpoint, request["path"], carried)
    for kind, text in request.get("received", []):
        stream.end() if kind == "binary" else stream.write(as_bytes(text))
    if ["binary", ""] not in request.get("received", []):
        stream.end()
    while stream.read():
        pass
    stream.close()
    return 200
