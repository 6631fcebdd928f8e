"""The part of PostgreSQL's protocol that this app needs: log in with SCRAM, run one statement.

Values are never put into statements as text: they travel beside them.
Source: PostgreSQL "Frontend/Backend Protocol"; RFC 5802 and RFC 7677.
"""

import base64
import hashlib
import hmac
import secrets
import socket
import struct
from urllib.parse import urlsplit


class PostgresError(Exception):
    """What the server said."""


class Postgres:
    """One connection; used by one thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self._file = self._socket.makefile("rb")
        words = [b"user", (parts.username or "").encode()]
        words += [b"database", parts.path.lstrip("/").encode()]
        body = struct.pack(">I", 3 << 16) + b"\0".join(words) + b"\0\0"
        self._socket.sendall(struct.pack(">I", len(body) + 4) + body)
        self._log_in(parts.password or "")

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def run(self, statement: str, *values: object) -> list[tuple[str | None, ...]]:
        """Run a statement with `$1`, `$2`... filled by values; return its rows as text."""
        texts = [None if value is None else str(value).encode() for value in values]
        bound = b"".join(
            struct.pack(">i", -1) if text is None else struct.pack(">i", len(text)) + text
            for text in texts
        )
        self._send(b"P", b"\0" + statement.encode() + b"\0\0\0")
        self._send(b"B", b"\0\0\0\0" + struct.pack(">H", len(texts)) + bound + b"\0\0")
        self._send(b"E", b"\0\0\0\0\0")
        self._send(b"S", b"")
        return self._rows()

    def _rows(self) -> list[tuple[str | None, ...]]:
        rows, failure = [], ""
        while True:
            kind, body = self._receive()
            if kind == b"D":
                rows.append(_row(body))
            elif kind == b"E":
                failure = _words(body)
            elif kind == b"Z":
                if failure:
                    raise PostgresError(failure)
                return rows

    def _log_in(self, password: str) -> None:
        nonce = base64.b64encode(secrets.token_bytes(18)).decode()
        first = f"n=,r={nonce}"
        proof = b""
        while True:
            kind, body = self._receive()
            if kind == b"E":
                raise PostgresError(_words(body))
            if kind == b"Z":
                return
            if kind != b"R":
                continue
            asked = struct.unpack(">I", body[:4])[0]
            if asked == 10:
                opening = f"n,,{first}".encode()
                text = b"SCRAM-SHA-256\0" + struct.pack(">I", len(opening)) + opening
                self._send(b"p", text)
            elif asked == 11:
                reply, proof = _prove(password, first, body[4:].decode())
                self._send(b"p", reply.encode())
            elif asked == 12 and b"v=" + base64.b64encode(proof) != body[4:]:
                raise PostgresError("the server does not know the password itself")

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack(">I", len(body) + 4) + body)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._file.read(5)
        if len(head) < 5:
            raise PostgresError("the server closed the connection")
        return head[:1], self._file.read(struct.unpack(">I", head[1:])[0] - 4)


def _prove(password: str, first: str, challenge: str) -> tuple[str, bytes]:
    """Return the client's last message, and what the server has to answer."""
    parts = dict(part.split("=", 1) for part in challenge.split(","))
    salt = base64.b64decode(parts["s"])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, int(parts["i"]))
    final = f"c=biws,r={parts['r']}"
    signed = f"{first},{challenge},{final}".encode()
    key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    return f"{final},p={base64.b64encode(proof).decode()}", expected


def _row(body: bytes) -> tuple[str | None, ...]:
    values: list[str | None] = []
    at = 2
    for _ in range(struct.unpack(">H", body[:2])[0]):
        size = struct.unpack(">i", body[at : at + 4])[0]
        at += 4
        values.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return tuple(values)


def _words(body: bytes) -> str:
    fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
    return fields.get(b"M", "unknown error")
