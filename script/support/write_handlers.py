"""Refresh src/convox/templates/data/handlers.json from the schemas that cfn-lint installs.

Run inside `.venv` by `script/handlers`. It takes the permissions of each resource type's handlers
as they are; which of them the rack's roles get, and on what, is src/convox/templates/narrowing.py,
and a test fails until every new action has been reviewed there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "src" / "convox" / "templates" / "data" / "handlers.json"


def permissions(types: list[str], folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return type to handler to its actions.

    Raises:
        KeyError: the schemas lack a type.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for path in folder.rglob("*.json"):
        schema = json.loads(path.read_text())
        if schema.get("typeName") in types:
            handlers = schema.get("handlers", {})
            found[schema["typeName"]] = {
                name: sorted(handler["permissions"]) for name, handler in sorted(handlers.items())
            }
    return {one: found[one] for one in sorted(types)}


def write(day: str) -> None:
    """Write the file anew for the types that it lists now and those named in the arguments."""
    old = json.loads(TARGET.read_text()) if TARGET.exists() else {"types": {}}
    types = sorted({*old["types"], *sys.argv[2:]})
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        sys.exit("cfn-lint is needed: script/bootstrap dev")
    folder = Path(spec.origin).parent / "data" / "schemas" / "resources"
    content = {
        "source": f"registry schemas in cfn-lint {importlib.metadata.version('cfn-lint')}",
        "date": day,
        "types": permissions(types, folder),
    }
    TARGET.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: script/handlers DATE [TYPE]...   (types are added to those there)")
    write(sys.argv[1])
