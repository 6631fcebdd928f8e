"""Small files that Caddy reads at each request, and what is in them. Names and contents only.

An entry of Caddy's configuration has a base: a name under which it has a few numbered slots, each
with one upstream. Replacing a file changes what the next request sees, without a reload. A spare
is an entry without a host of its own: its host is in a file too, so that a new host needs no
reload either. caddy.py puts the placeholders into the configuration, spares.py gives spares out.
"""

from __future__ import annotations

INSIDE = "/convox"
"""Where the router sees its folder."""
FOLDER = "upstreams"
"""Folder of the files, in the router's."""
GONE = "-"
"""In the first slot: the entry is not to be used. As a host: no host at all."""
NONE = "none"
"""In the first slot: nothing runs that could answer."""
STICKY = "yes"
"""In the file `sticky`: a client keeps its slot by a cookie."""
SPARES = 16
"""For each of the two servers that apps are on; a reload turns those in use into plain entries."""
_SLOTS = 12
"""Divisible by 1, 2, 3, 4 and 6, so that few upstreams share the slots evenly."""


def width(upstreams: tuple[str, ...]) -> int:
    """Count the slots for so many upstreams; the same for any usual number of them."""
    return max(1, -(-len(upstreams) // _SLOTS)) * _SLOTS


def contents(
    base: str, owner: str, upstreams: tuple[str, ...], *, sticky: bool = False
) -> dict[str, str]:
    """Return the files of an entry, by name: whom it is for, how it balances, and its slots."""
    values = upstreams or (NONE,)
    files = {f"{base}.{n}": values[n % len(values)] for n in range(width(upstreams))}
    keeps = STICKY if sticky and len(upstreams) > 1 else "no"
    return {f"{base}.owner": owner, f"{base}.sticky": keeps, **files}


def spare(server: str, number: int) -> str:
    """Return the base of a spare entry of a server."""
    return f"spare-{server}-{number}"


def placeholder(base: str, what: str | int) -> str:
    """Return what Caddy replaces by the content of a file at each request."""
    return f"{{file.{INSIDE}/{FOLDER}/{base}.{what}}}"
