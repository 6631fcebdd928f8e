"""The convox command: find the row, load its one module, run it, turn errors into exit codes.

Start-up is a measured promise (tests/unit/cli/test_start.py): whatever is imported here is paid by
every command. Only the chosen command's module may be loaded. Read commands.py for the table.
"""

from __future__ import annotations

import os
import sys

from convox.cli.commands import COMMANDS, FLAGS
from convox.cli.context import Context
from convox.cli.flags import HelpAsked, check_count, parse
from convox.cli.output import Output
from convox.cli.settings import Settings
from convox.core.errors import ConvoxError, InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from convox.core.clock import Clock

Row = tuple[str, str, str, str, str, int, int, str]


def main(argv: list[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    return run(words, os.environ, Output(sys.stdout.buffer, sys.stderr.buffer, os.environ))


def run(
    words: list[str],
    environ: Mapping[str, str],
    out: Output,
    clock: Clock | None = None,
    stdin: BinaryIO | None = None,
) -> int:
    """Run `words` with everything passed in; never raises but on a bug under CONVOX_DEBUG."""
    try:
        return _run(words, environ, out, clock, stdin)
    except ConvoxError as error:
        out.error(error.wire, error.fix)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone: nothing more can be said, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        out.error(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 1
    except Exception as error:
        if environ.get("CONVOX_DEBUG"):
            raise
        out.error(
            f"unexpected {type(error).__name__}: {error}",
            "this is a bug: run again with CONVOX_DEBUG=true and report what it prints",
        )
        return 1


def find(words: list[str]) -> Row | None:
    """Return the row with the longest sequence of words that `words` begins with."""
    best: Row | None = None
    for row in COMMANDS:
        name = row[0].split(" ")
        if words[: len(name)] == name and (best is None or len(row[0]) > len(best[0])):
            best = row
    return best


def _run(
    words: list[str],
    environ: Mapping[str, str],
    out: Output,
    clock: Clock | None,
    stdin: BinaryIO | None,
) -> int:
    row = find(words)
    if row is None:
        return _without_command(words, out)
    specs = {name: FLAGS[name] for name in row[4].split()}
    try:
        args, flags = parse(words[len(row[0].split()) :], specs)
    except HelpAsked:
        from convox.cli.nouns.help import show_command

        show_command(row, out)
        return 0
    check_count(args, row[5], row[6])
    out.id_only = flags.get("id") is True
    context = Context(
        args=args,
        flags=flags,
        out=out,
        settings=Settings(environ),
        environ=environ,
        clock=clock,
        stdin=stdin,
    )
    if "local" not in row[7]:
        context.http  # noqa: B018  a missing rack is told before anything else
    try:
        return _handler(row[3])(context) or 0
    finally:
        context.close()


def _handler(target: str) -> Callable[[Context], int | None]:
    module, _, function = target.partition(":")
    name = f"convox.cli.nouns.{module}"
    __import__(name)
    handler: Callable[[Context], int | None] = getattr(sys.modules[name], function)
    return handler


def _without_command(words: list[str], out: Output) -> int:
    if words and words[0] in ("-v", "--version"):
        from convox import __version__

        out.line(__version__)
        return 0
    from convox.cli.nouns.help import nearest, show_list

    if not words or words[0] in ("-h", "--help"):
        show_list(out)
        return 0
    raise InvalidError(f"unknown command: {words[0]}", fix=nearest(words))
