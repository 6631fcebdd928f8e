from __future__ import annotations

import io

import pytest

from convox.cli.output import Output


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


def made(*, terminal: bool = False, **environ: str) -> tuple[Output, io.BytesIO, io.BytesIO]:
    out, err = (Terminal(), Terminal()) if terminal else (io.BytesIO(), io.BytesIO())
    return Output(out, err, environ), out, err


def test_a_table_pads_all_but_the_last_column() -> None:
    output, out, _ = made()

    output.table(("ID", "STATUS", "NOTE"), [("a", "running", "x"), ("long-id", "up", "")])

    assert (
        out.getvalue().decode()
        == "ID       STATUS   NOTE\na        running  x\nlong-id  up       \n"
    )


def test_an_empty_table_is_its_header() -> None:
    output, out, _ = made()

    output.table(("NAME", "STATUS"), [])

    assert out.getvalue() == b"NAME  STATUS\n"


def test_info_continues_values_at_their_column() -> None:
    output, out, _ = made()

    output.info([("Id", "R1"), ("Env", "A=1\nB=2"), ("Description", "")])

    assert out.getvalue().decode() == (
        "Id           R1\nEnv          A=1\n             B=2\nDescription  \n"
    )


def test_a_step_is_one_line() -> None:
    output, out, _ = made()

    output.start("Creating app")
    output.ok("R1")

    assert out.getvalue() == b"Creating app... OK, R1\n"


def test_with_id_only_the_id_is_on_stdout() -> None:
    output, out, err = made()
    output.id_only = True

    output.start("Building")
    output.ok()
    output.id("R1")

    assert (out.getvalue(), err.getvalue()) == (b"R1", b"Building... OK\n")


def test_without_id_the_id_is_not_printed_alone() -> None:
    output, out, _ = made()

    output.id("R1")

    assert out.getvalue() == b""


@pytest.mark.parametrize("cut", range(1, 13))
def test_colours_of_a_rack_are_taken_out_however_they_are_cut(cut: int) -> None:
    output, out, _ = made()
    data = b"a\x1b[31;1mred\x1b[0m\x1b[mz"

    output.relay(data[:cut])
    output.relay(data[cut:])

    assert out.getvalue() == b"aredz"


def test_other_escapes_stay() -> None:
    output, out, _ = made()

    output.relay(b"\x1b[2J\x1b]0;t\x07x")

    assert out.getvalue() == b"\x1b[2J\x1b]0;t\x07x"


def test_a_terminal_gets_the_racks_colours_and_ours() -> None:
    output, out, _ = made(terminal=True)

    output.relay(b"\x1b[31mred\x1b[0m")
    output.ok()

    assert out.getvalue() == b"\x1b[31mred\x1b[0m\x1b[32mOK\x1b[0m\n"


def test_no_color_is_respected() -> None:
    output, out, err = made(terminal=True, NO_COLOR="1")

    output.ok()
    output.error("broken", "mend it")

    assert out.getvalue() == b"OK\n"
    assert err.getvalue() == b"ERROR: broken\nmend it\n"


def test_an_archive_takes_stdout_for_itself() -> None:
    output, out, err = made()

    output.archive().write(b"bytes")
    output.line("Exporting... OK")

    assert (out.getvalue(), err.getvalue()) == (b"bytes", b"Exporting... OK\n")


def test_json_is_sorted_and_readable() -> None:
    output, out, _ = made()

    output.json({"b": ["é"], "a": None})

    assert out.getvalue().decode() == '{\n  "a": null,\n  "b": [\n    "é"\n  ]\n}\n'


def test_bytes_that_were_no_utf8_come_out_as_they_were() -> None:
    output, out, _ = made()

    output.line(b"\xff".decode(errors="surrogateescape"))

    assert out.getvalue() == b"\xff\n"
