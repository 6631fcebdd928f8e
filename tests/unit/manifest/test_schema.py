"""The schema file is the documentation, the known keys and the examples; all three must hold."""

from pathlib import Path

import pytest

from convox.manifest import check, parse
from convox.manifest.schema import Key, load_schema, render_markdown
from convox.manifest.services import DECODERS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "manifest.md"
TOP = load_schema().top.keys
AROUND = """
resources:
  main:
    type: postgres
services:
  web:
    image: x
  search:
    image: x
    port: 9200
"""


def test_the_reference_page_is_rendered_from_the_schema():
    assert PAGE.read_text("utf-8") == render_markdown()


def test_the_example_has_no_findings():
    found = check(load_schema().example, {"SECRET_KEY": "x"})

    assert found.findings == ()
    assert found.manifest is not None


def test_the_example_uses_every_key():
    manifest = parse(load_schema().example, {"SECRET_KEY": "x"})
    written = {generic(path) for path in manifest.attributes}

    # Ignored by design, so the example does not show it; inside lists the incumbent sees no paths.
    hidden = {"services.NAME.agent.enabled"}
    assert set(paths(TOP, "")) - hidden <= written


def test_every_service_attribute_that_is_read_is_documented():
    assert set(TOP["services"].keys) == set(DECODERS)


@pytest.mark.parametrize("example", [example for key in TOP.values() for example in key.examples])
def test_an_example_of_a_top_level_key_parses(example):
    found = check(example + AROUND, {"SECRET_KEY": "x"})

    assert found.findings == ()


@pytest.mark.parametrize(
    "example", [example for key in TOP["services"].keys.values() for example in key.examples]
)
def test_an_example_of_a_service_key_parses(example):
    found = check(f"{AROUND}  app:\n    {example}\n", {"SECRET_KEY": "x"})

    assert found.findings == ()


@pytest.mark.parametrize("section", ["resources", "timers"])
def test_the_examples_of_resources_and_timers_parse(section):
    for key in TOP[section].keys.values():
        for example in key.examples:
            entry = example if example.startswith("{") else f"{{{example}}}"
            text = f"{section}:\n  one: {entry}\n" + "services:\n  web:\n    image: x\n"
            assert check(text, {}).findings == ()


def paths(keys: dict[str, Key], prefix: str):
    for name, key in keys.items():
        yield f"{prefix}{name}"
        if key.each != "item":
            yield from paths(key.keys, f"{prefix}{name}.{'NAME.' if key.each == 'name' else ''}")


def generic(path: str) -> str:
    """Replace the names that a user chose, `services.web.port` becoming `services.NAME.port`."""
    parts = path.split(".")
    if len(parts) > 1 and parts[0] in ("services", "resources", "timers"):
        parts[1] = "NAME"
    if "custom" in parts and len(parts) > parts.index("custom") + 1:
        parts[parts.index("custom") + 1] = "NAME"
    return ".".join(parts)
