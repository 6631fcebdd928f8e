"""The reference page of the options of a rack on AWS, made from the tables that decide.

`script/docs` writes it; a test compares. Nothing here is loaded when a command runs.
"""

from __future__ import annotations

from convox.templates.option_table import CLASSES, OPTIONS, REFUSED

_HEAD = """# Options of a rack on AWS

Made from `src/convox/templates/option_table.py`. Given as `Key=Value` words:

    convox rack install aws --name prod --region eu-west-1 Tenancy=dedicated NatGateways=per-zone

`--plan` shows what a rack with these options will be, and `--template` its exact CloudFormation;
both call nothing and need no credentials. Every value is checked, by itself and against the others,
before anything is called. A name in neither table is an error.

The class of an option says what a later change of it does:

"""
_DERIVED = {
    "Version": "that of the command",
    "MaxAvailabilityZones": "3 or 2",
    "InstanceCount": "3 or 1",
    "OnDemandMinCount": "InstanceCount",
}


def render_markdown() -> str:
    """Return the page."""
    classes = "".join(f"- `{name}`: {meaning}\n" for name, meaning in CLASSES.items())
    return _HEAD + classes + "\n" + _options() + "\n" + _refused()


def _options() -> str:
    lines = ["| option | values | default | class | what |", "|---|---|---|---|---|"]
    for name, kind, default, change, what in OPTIONS:
        shown = _code(default) if default else _DERIVED.get(name, "")
        lines.append(f"| `{name}` | {_values(kind)} | {shown} | {change} | {what} |")
    return "\n".join(lines) + "\n"


def _values(kind: str) -> str:
    """Return what a kind of the table allows, for a person."""
    name, _, rest = kind.partition(":")
    if name == "count":
        low, high = rest.split(":")
        return f"{low} to {high}"
    if name == "one":
        return ", ".join(_code(one) for one in rest.split("|"))
    words = {"yes": "`Yes`, `No`", "cidr": "a range", "cidrs": "ranges, by comma"}
    return words.get(name, "a type of instance" if name == "instance" else "text")


def _refused() -> str:
    lines = [
        "## Names that are no options here",
        "",
        "Names that people know from other racks. They are refused, with this reason:",
        "",
        "| name | why, or what instead |",
        "|---|---|",
        *(f"| `{name}` | {why} |" for name, why in sorted(REFUSED.items())),
    ]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return f"`{text}`"
