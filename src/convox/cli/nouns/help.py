"""The list of commands, and the help of one; both come from the table alone."""

from __future__ import annotations

from convox.cli.commands import COMMANDS, FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context
    from convox.cli.main import Row
    from convox.cli.output import Output


def show(ctx: Context) -> None:
    """Print the list, or the help of the command that the arguments name."""
    if not ctx.args:
        show_list(ctx.out)
        return
    from convox.cli.main import find
    from convox.core.errors import InvalidError

    row = find(ctx.args)
    if row is None:
        raise InvalidError(f"unknown command: {' '.join(ctx.args)}", fix=nearest(ctx.args))
    show_command(row, ctx.out)


def show_list(out: Output) -> None:
    """Print every command that is not hidden, sorted."""
    rows = sorted((row[0], row[2]) for row in COMMANDS if "hidden" not in row[7])
    width = max(len(words) for words, _ in rows)
    for words, text in rows:
        out.line(f"convox {words.ljust(width)}  {text}")


def show_command(row: Row, out: Output) -> None:
    """Print usage, description and options of one command."""
    out.write(command_help(row))


def command_help(row: Row) -> str:
    """Return the help text of one command."""
    lines = ["USAGE", f"  convox {row[0]} {row[1]}".rstrip(), "", "DESCRIPTION", f"  {row[2]}"]
    options = [_option(name) for name in sorted(row[4].split(), key=lambda name: FLAGS[name][0])]
    if options:
        lines += ["", "OPTIONS"]
        long, short = (max(len(option[i]) for option in options) for i in (0, 1))
        lines += [f"  {a.ljust(long)}  {b.ljust(short)}  {text}" for a, b, text in options]
    return "\n".join(lines) + "\n"


def nearest(words: list[str]) -> str:
    """Return a sentence with the command that `words` were most likely meant to be."""
    import difflib

    names = [row[0] for row in COMMANDS if "hidden" not in row[7]]
    for count in (3, 2, 1):
        found = difflib.get_close_matches(" ".join(words[:count]), names, 1)
        if found:
            return f"did you mean: convox {found[0]}"
    return "see all commands: convox help"


def _option(name: str) -> tuple[str, str, str]:
    long, short, kind, text = FLAGS[name]
    value = "" if kind == "bool" else f" {'string' if kind == 'list' else kind}"
    return f"--{long}{value}", f"-{short}{value}" if short else "", text
