"""Write the documents that are made from code; run inside `.venv` by `script/docs`.

With `--check` nothing is written, and the exit is 1 when a document differs from its code. Which
document comes from where is DOCUMENTS; each source is a function without arguments that returns
the document's text.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DOCUMENTS = {
    "docs/reference/manifest.md": "convox.manifest.schema:render_markdown",
    "docs/reference/cli.md": "convox.cli.reference:render_markdown",
    "docs/reference/api.md": "convox.api.reference:render_markdown",
    "docs/reference/rack-options.md": "convox.templates.reference:render_markdown",
    "docs/openapi.json": "convox.api.openapi:render",
}


def rendered(source: str) -> str:
    """Call the function that renders a document."""
    module, function = source.split(":")
    text: str = getattr(importlib.import_module(module), function)()
    return text


def documents() -> dict[str, str]:
    """The documents whose module exists."""
    return {n: s for n, s in DOCUMENTS.items() if importlib.util.find_spec(s.split(":")[0])}


def stale() -> list[str]:
    """Names of the documents that differ from what their code renders."""
    return [
        name
        for name, source in documents().items()
        if not (ROOT / name).exists() or (ROOT / name).read_text() != rendered(source)
    ]


def write() -> None:
    """Write every document."""
    for name, source in documents().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered(source))


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(f"run script/docs: {', '.join(stale())} changed" if stale() else 0)
    write()
