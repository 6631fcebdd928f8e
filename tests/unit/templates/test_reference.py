from __future__ import annotations

from convox.templates.option_table import CLASSES, OPTIONS, REFUSED
from convox.templates.reference import render_markdown


def test_the_page_has_every_option_every_refusal_and_every_class():
    page = render_markdown()

    assert all(f"| `{row[0]}` |" in page for row in OPTIONS)
    assert all(f"| `{name}` | {why} |" in page for name, why in REFUSED.items())
    assert all(f"- `{name}`: {meaning}" in page for name, meaning in CLASSES.items())


def test_values_and_defaults_are_shown_as_they_are_written():
    page = render_markdown()

    assert "| `Tenancy` | `default`, `dedicated` | `default` | rebuild |" in page
    assert "| `InstanceCount` | 1 to 1000 | 3 or 1 | safe |" in page
