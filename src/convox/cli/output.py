"""The only place that prints: results, tables, steps, errors, relayed logs, ids and JSON.

Colours appear on a terminal and never with NO_COLOR; elsewhere they are also taken out of what a
rack relays. With `--id` everything but the id goes to stderr. Nothing here asks a rack.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, BinaryIO

_PLAIN = {"ok": "", "error": "", "head": "", "end": ""}
_COLOURED = {"ok": "\x1b[32m", "error": "\x1b[31m", "head": "\x1b[1m", "end": "\x1b[0m"}


class Output:
    """Two streams of bytes and what is known of them."""

    def __init__(self, stdout: BinaryIO, stderr: BinaryIO, environ: Mapping[str, str]) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self.terminal = stdout.isatty()
        self.colours = self.terminal and not environ.get("NO_COLOR")
        self._error_colours = stderr.isatty() and not environ.get("NO_COLOR")
        self.id_only = False
        self._held = b""

    def write(self, text: str) -> None:
        """Write normal output, at once."""
        self.raw(text.encode(errors="surrogateescape"))

    def line(self, text: str) -> None:
        """Write one line of normal output."""
        self.write(text + "\n")

    def raw(self, data: bytes) -> None:
        """Write bytes exactly as they are."""
        stream = self._stderr if self.id_only else self._stdout
        stream.write(data)
        stream.flush()

    def archive(self) -> BinaryIO:
        """Return stdout for an archive, and move every later message to stderr."""
        self.id_only = True
        return self._stdout

    def relay(self, data: bytes) -> None:
        """Write what a rack relays: colours are taken out unless this is a terminal."""
        if not self.terminal and (self._held or b"\x1b" in data):
            data = self._strip(data)
        self.raw(data)

    def start(self, text: str) -> None:
        """Write the beginning of a step."""
        self.write(f"{text}... ")

    def ok(self, detail: str = "") -> None:
        """Write the end of a step."""
        style = _COLOURED if self.colours else _PLAIN
        self.line(f"{style['ok']}OK{style['end']}" + (f", {detail}" if detail else ""))

    def id(self, value: str) -> None:
        """Write the id alone on stdout if that was asked for."""
        if self.id_only:
            self._stdout.write(value.encode())
            self._stdout.flush()

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write columns: two spaces between, the last one not padded."""
        rows = [headers, *rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(headers) - 1)]
        style = _COLOURED if self.colours else _PLAIN
        lines = []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            lines.append("  ".join([*cells, row[-1]]))
        lines[0] = f"{style['head']}{lines[0]}{style['end']}"
        self.line("\n".join(lines))

    def info(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write `Header  value` lines; further lines of a value start at its column."""
        width = max((len(name) for name, _ in pairs), default=0)
        style = _COLOURED if self.colours else _PLAIN
        for name, value in pairs:
            text = value.replace("\n", "\n" + " " * (width + 2))
            self.line(f"{style['head']}{name.ljust(width)}{style['end']}  {text}")

    def json(self, value: Any) -> None:
        """Write a value as indented JSON."""
        import json

        self.line(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))

    def note(self, text: str) -> None:
        """Write a line for the person, on stderr."""
        self._stderr.write(f"{text}\n".encode(errors="surrogateescape"))
        self._stderr.flush()

    def ask(self, text: str) -> None:
        """Write a question on stderr, the answer to follow on the same line."""
        self._stderr.write(text.encode())
        self._stderr.flush()

    def error(self, what: str, fix: str = "") -> None:
        """Write the one error that ends a command, and what mends it."""
        style = _COLOURED if self._error_colours else _PLAIN
        self.note(f"{style['error']}ERROR{style['end']}: {what}" + (f"\n{fix}" if fix else ""))

    def _strip(self, data: bytes) -> bytes:
        """Take out `ESC[...m`; a sequence that is not complete yet is held back."""
        import re

        data = self._held + data
        begun = re.search(rb"\x1b(\[[0-9;]*)?$", data)
        self._held = data[begun.start() :] if begun else b""
        return re.sub(rb"\x1b\[[0-9;]*m", b"", data[: len(data) - len(self._held)])
