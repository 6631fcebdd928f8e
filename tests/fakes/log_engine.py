"""The part of a Docker engine that hands out logs, on a unix socket of its own."""

from __future__ import annotations

import json
import socket
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition, Event, Thread
from urllib.parse import parse_qs, urlsplit


class MovingClock:
    """Wall time that tests set; waits are real."""

    def __init__(self, now: datetime | None = None) -> None:
        self.at = now or datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self._ticks = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: Event, seconds: float) -> bool:
        return event.wait(min(seconds, 0.05))

    def move(self, **amount: float) -> None:
        self.at += timedelta(**amount)


def key(number: int) -> str:
    """The timestamp of the n-th millisecond of a minute."""
    return f"2026-01-02T03:04:{number // 1000:02d}.{number % 1000:03d}000000Z"


class LogEngine:
    """Containers whose output tests write; `stop()` and `start()` are the engine going away."""

    def __init__(self, folder: Path) -> None:
        self.socket_path = str(folder / "engine.sock")
        self.requests: list[str] = []
        self._changed = Condition()
        self._entries: dict[str, list[tuple[str, bytes]]] = {}
        self._status: dict[str, str] = {}
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self._up = False

    def start(self) -> None:
        Path(self.socket_path).unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.socket_path)
        self._listener.listen(64)
        self._up = True
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        with self._changed:
            self._up = False
            self._changed.notify_all()
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in self._open:
            connection.close()

    def write(self, id: str, at: str, message: bytes, newline: bytes = b"\n") -> None:
        with self._changed:
            self._status.setdefault(id, "running")
            self._entries.setdefault(id, []).append((at, message + newline))
            self._changed.notify_all()

    def exit(self, id: str) -> None:
        with self._changed:
            self._status[id] = "exited"
            self._changed.notify_all()

    def remove(self, id: str) -> None:
        with self._changed:
            self._status.pop(id, None)
            self._entries.pop(id, None)
            self._changed.notify_all()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._open.append(connection)
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._answer(connection)
        except OSError:
            pass

    def _answer(self, connection: socket.socket) -> None:
        target = connection.recv(65536).split(b" ")[1].decode()
        self.requests.append(target)
        url = urlsplit(target)
        id, what = url.path.split("/")[2:4]
        if id not in self._status:
            connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n{}")
            return
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        if what == "json":
            connection.sendall(json.dumps({"State": {"Status": self._status[id]}}).encode())
            return
        query = parse_qs(url.query)
        seconds, _, nanos = query["since"][0].partition(".")
        whole = datetime.fromtimestamp(int(seconds), UTC)
        since = whole.strftime("%Y-%m-%dT%H:%M:%S.") + nanos + "Z"
        self._stream(connection, id, since, follow=query["follow"] == ["1"])

    def _stream(self, connection: socket.socket, id: str, since: str, *, follow: bool) -> None:
        index = 0
        while True:
            with self._changed:
                entries = self._entries.get(id, [])
                if index >= len(entries):
                    if not follow or self._status.get(id) != "running" or not self._up:
                        return
                    self._changed.wait(0.5)
                    continue
                at, data = entries[index]
                index += 1
            if at >= since:
                payload = at.encode() + b" " + data
                connection.sendall(struct.pack(">BxxxL", 1, len(payload)) + payload)
