"""The reference page of the commands, made from the table and the help that it prints.

`script/docs` writes it; a test compares. Nothing here is loaded when a command runs.
"""

from __future__ import annotations

from convox.cli.commands import COMMANDS
from convox.cli.nouns.help import command_help

_HEAD = """# Commands

Made from `src/convox/cli/commands.py`; `convox help COMMAND` prints the same.

Words of a command come first; flags and arguments may mix after them, and `--` ends flags:
`convox run web -- ls -la`. Exit codes: 0 done, 1 failed or refused, 130 interrupted, and of `exec`,
`run` and `instances ssh` the remote command's own. Results are on stdout, errors and warnings on
stderr; `--id` leaves only the id on stdout, `--json` prints what the rack answered as JSON.
Colours appear on a terminal only, and never with `NO_COLOR`.

## Which rack, which app

The first of each list that there is:

- the rack's address: `RACK_URL`; the host of a rack of one's own that `--rack` or `CONVOX_RACK`
  names; `CONVOX_HOST`; the host of the last `convox login`
- the password: `CONVOX_PASSWORD`; what `convox login` stored for the host
- the rack's name: `--rack`; `CONVOX_RACK`; `.convox2/rack` here; `convox switch`
- the app: the argument, where there is one; `--app`; `.convox2/app` here; the directory's name
- the settings: `CONVOX_CONFIG`; `convox2` under `XDG_CONFIG_HOME` or `~/.config`

A host's certificate is verified by the one that was pinned for it, else by the system's store.
`convox login` shows the fingerprint of an unknown one and asks; without a terminal it needs
`--fingerprint` or `--ca`.
"""


def render_markdown() -> str:
    """Return the page."""
    parts = [_HEAD]
    for hidden in (False, True):
        rows = [row for row in COMMANDS if ("hidden" in row[7]) == hidden]
        parts.append(f"## {'Commands that help does not list' if hidden else 'All commands'}\n")
        parts += [f"### convox {row[0]}\n\n```\n{command_help(row)}```\n" for row in rows]
    return "\n".join(parts)
