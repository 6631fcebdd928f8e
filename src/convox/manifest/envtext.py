"""The text form of an environment: one `KEY=value` a line, as releases store it.

No quoting, no comments, no escapes: what stands after the first `=` is the value, to the end of
the line. A value with a line break cannot be written.

Source: cli.md, "Env text rules".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convox.core.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LINE_BYTES = 64 * 1024
"""The incumbent stops reading at a longer line; so does `parse_env`."""


def parse_env(text: str) -> dict[str, str]:
    """Return the variables of an env text, in order; a later line wins over an earlier one.

    Lines without `=` or without a name say nothing, as with the incumbent.
    """
    env: dict[str, str] = {}
    for line in text.split("\n"):
        if len(line.encode("utf-8", "surrogatepass")) >= MAX_LINE_BYTES:
            break
        name, equals, value = line.removesuffix("\r").partition("=")
        if equals and name.strip():
            env[name.strip()] = value
    return env


def format_env(env: Mapping[str, str]) -> str:
    r"""Return the env text of a mapping: sorted, joined by `\n`, without one at the end.

    Raises:
        InvalidError: a name or value that the text form would not give back.
    """
    for name, value in env.items():
        _require_writable(name, value)
    return "\n".join(f"{name}={env[name]}" for name in sorted(env))


def _require_writable(name: str, value: str) -> None:
    if not name.strip() or name != name.strip() or "=" in name or "\n" in name:
        raise InvalidError(f'"{name}" cannot be the name of an environment variable')
    if "\n" in value or value.endswith("\r"):
        raise InvalidError(
            f"the value of {name} has a line break",
            why="an environment is stored as one line for each variable",
            fix=f"encode it, for example: convox env set {name}=$(base64 -w0 FILE)",
        )
    if len(f"{name}={value}".encode("utf-8", "surrogatepass")) >= MAX_LINE_BYTES:
        raise InvalidError(f"the value of {name} is longer than {MAX_LINE_BYTES} bytes")
