"""Echo short websocket text frames on port 3000, with the standard library alone."""

import base64
import hashlib
import os
import signal
import socket
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


def exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise SystemExit
        data += more
    return data


def serve(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        head += exactly(connection, 1)
    lines = {k.lower(): v for k, _, v in (line.partition(b": ") for line in head.split(b"\r\n"))}
    key = lines.get(b"sec-websocket-key")
    if key is None:
        connection.sendall(OK)
        return connection.close()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    connection.sendall(SWITCH + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        length = exactly(connection, 2)[1] & 127
        mask = exactly(connection, 4)
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(exactly(connection, length)))
        connection.sendall(b"\x81" + bytes([len(data)]) + data)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
server = socket.create_server(("", 3000))
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
