"""The part of Redis's protocol that this app needs: send words, read one answer."""

import socket
from urllib.parse import urlsplit


class RedisError(Exception):
    """What the server said."""


class Redis:
    """One connection; used by one thread."""

    def __init__(self, url: str, timeout_s: float = 10) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout_s)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> "Redis":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def run(self, *words: object) -> object:
        """Send a command; return a number, a text, None or a list of those."""
        texts = [str(word).encode() for word in words]
        parts = b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts)
        self._socket.sendall(b"*%d\r\n%s" % (len(texts), parts))
        return self._answer()

    def _answer(self) -> object:
        line = self._file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:].decode()
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self._file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == "-1" else [self._answer() for _ in range(int(rest))]
        raise RedisError(rest or "the server closed the connection")
