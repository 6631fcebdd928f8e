"""The keys of convox.yml as data, read once from `schema.yml`, and the page rendered from them.

The same file says which keys are known (`unknown.py`), what the documentation tells, and which
examples tests parse, so that none of the three can disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Key:
    """One key and the keys below it."""

    type: str
    default: str
    meaning: str
    examples: tuple[str, ...] = ()
    each: str = ""
    """`name` if the user names the entries that have `keys`, `item` if they are list items."""
    keys: Mapping[str, Key] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Keys that are not of this file, and what to do instead."""


@dataclass(frozen=True)
class Schema:
    """The whole file: an introduction, a complete example, and the top-level keys."""

    intro: str
    example: str
    top: Key


@lru_cache(maxsize=1)
def load_schema() -> Schema:
    """Return the schema; read and parsed once in a process."""
    # Late, because reading an env text or a help page must not pay for a YAML parser.
    import yaml  # noqa: PLC0415

    loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    text = resources.files("convox.manifest").joinpath("schema.yml").read_text("utf-8")
    raw = yaml.load(text, loader)  # noqa: S506  our own file, by a safe loader
    top = _key({"type": "map", "default": "", "meaning": "", **raw})
    return Schema(raw["intro"], raw["example"], top)


def _key(raw: Mapping[str, Any]) -> Key:
    return Key(
        type=raw["type"],
        default=raw["default"],
        meaning=raw["meaning"],
        examples=tuple(raw.get("examples", ())),
        each=raw.get("each", ""),
        keys={name: _key(inner) for name, inner in raw.get("keys", {}).items()},
        elsewhere=raw.get("elsewhere", {}),
    )


def render_markdown() -> str:
    """Return docs/reference/manifest.md."""
    schema = load_schema()
    parts = [
        "# convox.yml",
        "<!-- Rendered from src/convox/manifest/schema.yml by schema.py; do not edit. -->",
        schema.intro.strip(),
        "## A file with every key",
        f"```yaml\n{schema.example.strip()}\n```",
    ]
    for name, key in schema.top.keys.items():
        parts += _section(name, key)
    return "\n\n".join(parts) + "\n"


def _section(name: str, key: Key) -> list[str]:
    parts = [f"## `{name}`", _facts(key), *_examples(key)]
    for inner, below in key.keys.items():
        path = f"{name}.{_entry(key)}{inner}"
        parts += [f"### `{path}`", _facts(below), *_examples(below)]
        if below.keys:
            rows = [row for child, leaf in below.keys.items() for row in _rows(child, leaf)]
            head = "| key | type | default | meaning |\n| --- | --- | --- | --- |"
            parts.append("\n".join([head, *rows]))
    return parts


def _facts(key: Key) -> str:
    return f"{key.meaning}\n\nType: {key.type}. Default: {key.default}."


def _examples(key: Key) -> list[str]:
    return ["```yaml\n" + "\n# or\n".join(key.examples) + "\n```"] if key.examples else []


def _entry(key: Key) -> str:
    return "NAME." if key.each == "name" else ""


def _rows(path: str, key: Key) -> list[str]:
    rows = [f"| `{path}` | {key.type} | {key.default} | {key.meaning} |"]
    for name, below in key.keys.items():
        rows += _rows(f"{path}.{_entry(key)}{name}", below)
    return rows
