"""A copy of an image under this rack's name and labels, sharing every layer of the original.

Ownership is by labels, and an image's labels cannot be changed: so a copy is a build of one line.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from convox.providers.local.engine import Engine


def copy_image(engine: Engine, source: str, tag: str, labels: Mapping[str, str]) -> None:
    """Make `tag` run as `source` does, with more labels; `source` must be here."""
    options = {"t": tag, "labels": dict(labels), "rm": True, "forcerm": True}
    for _ in engine.build([_context(source)], options, {}):
        pass


def _context(source: str) -> bytes:
    content = f"FROM {source}\n".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
