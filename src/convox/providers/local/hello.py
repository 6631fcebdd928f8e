"""What a datastore is asked to find out whether it serves, and what its answers mean. Pure.

Each speech begins with a few bytes, and its answer's first bytes tell. A server that accepts a
connection may still be starting; one that refuses a password is up. Read probe_check.py next.

Source: PostgreSQL "Message Formats" and error code 57P03; MySQL "Protocol::HandshakeV10"; Redis
"RESP" and its LOADING error; memcached protocol.txt.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Speech = Literal["postgres", "mysql", "redis", "memcached"]


@dataclass(frozen=True)
class Verdict:
    """What an answer means."""

    ready: bool
    words: str


@dataclass(frozen=True)
class Hello:
    """The request, empty where the server speaks first, and the judge of its answer."""

    request: bytes
    judge: Callable[[bytes], Verdict | None]
    """None while more of the answer is needed."""


def _startup() -> bytes:
    words = b"user\0app\0database\0app\0application_name\0convox\0\0"
    return struct.pack(">II", 8 + len(words), 3 << 16) + words


def _postgres(answer: bytes) -> Verdict | None:
    if not answer:
        return None
    if answer[:1] == b"R":
        return Verdict(True, "serves")
    if answer[:1] != b"E":
        return Verdict(False, "does not speak PostgreSQL")
    if b"\0\0" not in answer[5:]:
        return None
    # 57P03 is "cannot connect now"; any other refusal comes from a server that serves.
    is_starting = b"\0C57P03\0" in answer
    return Verdict(not is_starting, "is starting up" if is_starting else "serves")


def _mysql(answer: bytes) -> Verdict | None:
    if len(answer) < 5:
        return None
    # An error here is too many connections, or a blocked host: a server that serves others.
    if answer[4] in (10, 0xFF):
        return Verdict(True, "serves")
    return Verdict(False, "does not speak MySQL")


def _redis(answer: bytes) -> Verdict | None:
    if b"\r\n" not in answer:
        return None
    if answer.startswith(b"-LOADING"):
        return Verdict(False, "is loading its data")
    if answer[:1] in (b"+", b"-"):
        return Verdict(True, "serves")
    return Verdict(False, "does not speak Redis")


def _memcached(answer: bytes) -> Verdict | None:
    if b"\r\n" not in answer:
        return None
    is_ready = answer.startswith(b"VERSION ")
    return Verdict(is_ready, "serves" if is_ready else "does not speak memcached")


HELLOS: Mapping[str, Hello] = {
    "postgres": Hello(_startup(), _postgres),
    "mysql": Hello(b"", _mysql),
    "redis": Hello(b"*1\r\n$4\r\nPING\r\n", _redis),
    "memcached": Hello(b"version\r\n", _memcached),
}
