import struct

import pytest

from convox.providers.local.hello import HELLOS


def said(speech: str, answer: bytes) -> tuple[bool, str] | None:
    verdict = HELLOS[speech].judge(answer)
    return (verdict.ready, verdict.words) if verdict else None


def test_the_startup_message_of_postgres_tells_its_own_length():
    request = HELLOS["postgres"].request

    assert struct.unpack(">II", request[:8]) == (len(request), 196608)
    assert request.endswith(b"\0\0")


def test_a_postgres_that_asks_for_a_password_serves():
    assert said("postgres", b"R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0") == (True, "serves")


@pytest.mark.parametrize(("code", "ready"), [(b"57P03", False), (b"53300", True), (b"28P01", True)])
def test_a_postgres_is_starting_only_when_it_says_so(code: bytes, ready: bool):
    answer = b"E\0\0\0\x5aSFATAL\0VFATAL\0C" + code + b"\0Mthe words\0\0"

    verdict = said("postgres", answer)

    assert verdict is not None
    assert verdict[0] is ready


def test_an_error_that_has_come_in_half_is_waited_for():
    assert said("postgres", b"E\0\0\0\x5aSFATAL\0C57P") is None


def test_a_mysql_speaks_first():
    assert HELLOS["mysql"].request == b""
    assert said("mysql", b"\x4a\0\0\0\x0a8.0.36\0") == (True, "serves")
    assert said("mysql", b"\x4a\0\0") is None


def test_a_mysql_that_refuses_the_connection_still_serves_others():
    assert said("mysql", b"\x10\0\0\0\xff\x10\x04Too many connections") == (True, "serves")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"+PONG\r\n", (True, "serves")),
        (b"-NOAUTH Authentication required.\r\n", (True, "serves")),
        (b"-LOADING Redis is loading\r\n", (False, "is loading its data")),
        (b"HTTP/1.1 400 Bad Request\r\n", (False, "does not speak Redis")),
        (b"+PO", None),
    ],
)
def test_what_redis_answers_is_understood(answer: bytes, expected: object):
    assert said("redis", answer) == expected


def test_what_memcached_answers_is_understood():
    assert said("memcached", b"VERSION 1.6.18\r\n") == (True, "serves")
    assert said("memcached", b"ERROR\r\n") == (False, "does not speak memcached")


def test_another_server_is_no_postgres_and_no_mysql():
    assert said("postgres", b"HTTP/1.1 400\r\n") == (False, "does not speak PostgreSQL")
    assert said("mysql", b"SSH-2.0-OpenSSH") == (False, "does not speak MySQL")
