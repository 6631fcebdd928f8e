"""The settings directory, shared with the existing client: small files, some of them JSON maps.

Files are 0600 and replaced whole, the directory 0700. It decides nothing; context.py does.
Source: wire.md section 2, "Settings files". Ours beside those: `certificates` (host -> PEM that is
trusted for it) and `insecure` (host -> "true").
"""

from __future__ import annotations

import os
import sys

from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCAL = (".convox2", ".convox")


class Settings:
    """The files of one person, and those of the current directory."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.directory = environ.get("CONVOX_CONFIG") or _default(environ)

    def get(self, name: str) -> str:
        """Return the text of a file without the space around it; "" if there is none."""
        return _read(os.path.join(self.directory, name))

    def map(self, name: str) -> dict[str, str]:
        """Return a JSON map; empty if there is none.

        Raises:
            InvalidError: the file is damaged; names it.
        """
        text = self.get(name)
        if not text:
            return {}
        import json

        try:
            return {str(key): str(value) for key, value in json.loads(text).items()}
        except (ValueError, AttributeError) as error:
            path = os.path.join(self.directory, name)
            raise InvalidError(f"damaged settings file: {path}", fix="mend or remove it") from error

    def local(self, name: str) -> str:
        """Return a setting of the current directory, "" if there is none."""
        for directory in _LOCAL:
            if text := _read(os.path.join(directory, name)):
                return text
        return ""

    def put(self, name: str, text: str) -> None:
        """Write a file, whole or not at all."""
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        path = os.path.join(self.directory, name)
        temporary = f"{path}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)

    def put_entry(self, name: str, key: str, value: str | None) -> None:
        """Set one entry of a map, or remove it with None; removes a map that becomes empty."""
        import json

        entries = self.map(name)
        if value is None:
            if entries.pop(key, None) is None:
                return
        else:
            entries[key] = value
        if entries:
            self.put(name, json.dumps(entries, indent=2, sort_keys=True))
        else:
            self.delete(name)

    def delete(self, name: str) -> None:
        """Remove a file; idempotent."""
        try:
            os.unlink(os.path.join(self.directory, name))
        except FileNotFoundError:
            pass  # that is what was wanted


def _default(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME") or os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Preferences", "convox2")
    return os.path.join(environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "convox2")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
