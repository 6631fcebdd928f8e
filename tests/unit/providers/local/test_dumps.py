import io
import subprocess
from dataclasses import replace

import pytest

from convox.core.errors import FailedError, InvalidError
from convox.providers.local import dumps
from convox.providers.local.resource_types import TYPES

WHOLE = b"--\n-- PostgreSQL database dump\n--\n...\n-- PostgreSQL database dump complete\n--\n"


class Command:
    """A command with a script: what it says and how it ends."""

    def __init__(self, *output: bytes, status: int = 0) -> None:
        self.output = list(output)
        self.status = status
        self.got = b""
        self.is_ended = self.is_closed = False

    def read(self) -> bytes:
        return self.output.pop(0) if self.output else b""

    def write(self, data: bytes) -> None:
        self.got += data

    def end_input(self) -> None:
        self.is_ended = True

    def close(self) -> None:
        self.is_closed = True

    def exit_code(self) -> int:
        return self.status


def check(type: str, head: bytes, tail: bytes | None = None) -> None:
    dumps.check(TYPES[type], "it", head, head if tail is None else tail)


def test_a_dump_is_handed_out_whole(tmp_path):
    body = dumps.dump(Command(b"one ", b"two"), "db", tmp_path)

    assert body.read() == b"one two"
    assert body.read() == b""
    body.close()


def test_a_dump_that_fails_half_way_is_never_handed_out(tmp_path):
    command = Command(b"half of it\n", b"pg_dump: error: no space\n", status=1)

    with pytest.raises(FailedError, match=r"db could not be dumped: .*no space"):
        dumps.dump(command, "db", tmp_path)
    assert command.is_closed


def test_a_restore_gets_everything_and_an_end():
    command = Command()

    dumps.restore(command, "db", io.BytesIO(WHOLE))

    assert command.got == WHOLE
    assert command.is_ended


def test_a_restore_that_is_refused_says_why_and_that_nothing_changed():
    command = Command(b'ERROR:  syntax error at or near "x"\n', status=3)

    with pytest.raises(FailedError) as raised:
        dumps.restore(command, "db", io.BytesIO(b"x"))

    assert "syntax error" in raised.value.wire
    assert "its data is as before" in raised.value.wire


def test_whole_dumps_of_its_own_type_and_its_kin_pass():
    check("postgres", WHOLE)
    check("redis", b"REDIS0011...")
    check("valkey", b"REDIS0011...")
    check("mariadb", b"-- MySQL dump 10.13\n-- Dump completed on 2026-01-01\n")


def test_sql_that_no_tool_signed_is_tried():
    check("postgres", b"CREATE TABLE t (id int);\n")


@pytest.mark.parametrize(
    ("type", "head", "words"),
    [
        ("redis", WHOLE, "a dump of postgres, and it is a redis"),
        ("postgres", b"REDIS0011", "a dump of redis, and it is a postgres"),
        ("postgres", b"-- MariaDB dump 10.19", "a dump of mariadb, and it is a postgres"),
        ("redis", b"SET a 1", "no dump of redis"),
        ("postgres", b"PGDMP\x01\x0e", "an archive of pg_dump"),
        ("postgres", b"", "empty"),
    ],
)
def test_a_dump_of_another_engine_is_refused(type: str, head: bytes, words: str):
    with pytest.raises(InvalidError, match=words):
        check(type, head)


def test_a_dump_that_is_cut_off_is_refused():
    with pytest.raises(InvalidError, match="cut off"):
        check("postgres", WHOLE, WHOLE[:40])


def test_first_and_last_bytes_are_kept_while_a_dump_passes():
    body = io.BytesIO(b"a" * 70_000 + b"z" * 70_000)
    ends = dumps.Ends(body)

    assert sum(len(piece) for piece in ends) == 140_000

    assert ends.head == b"a" * len(ends.head)
    assert ends.tail == b"z" * 4096


def test_the_errors_of_a_dump_stay_out_of_it():
    kind = replace(TYPES["redis"], dump="echo data; echo noise >&2")
    done = subprocess.run(dumps.dump_command(kind), capture_output=True, check=True)
    assert done.stdout == b"data\n"

    broken = replace(kind, dump="echo data; echo reason >&2; exit 4")
    done = subprocess.run(dumps.dump_command(broken), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (4, b"data\nreason\n")
