"""How a field of a shape says where it travels, under which name, and how secret it is.

Only this module knows the metadata keys. A field without a class is secret: `classification`
answers SECRET for it. Read types.py next for the shapes that use it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Classification(StrEnum):
    """Who may see a value: anyone who may see the thing, few, or nobody in a log or an event."""

    PUBLIC = "public"
    SENSITIVE = "sensitive"
    SECRET = "secret"


class Carrier(StrEnum):
    """Where a request parameter travels.

    Source: wire.md section 3, "Parameter encoding".
    """

    PATH = "path"
    QUERY = "query"
    FORM = "form"
    HEADER = "header"


@dataclass(frozen=True)
class Wire:
    """What the wire needs to know of one field."""

    name: str
    carrier: Carrier | None
    omitempty: bool
    classification: Classification
    help: str


def public(name: str = "", *, default: Any = None, omitempty: bool = False) -> Any:
    """Declare a result field that anyone who may see the object may see."""
    return _field(name, None, Classification.PUBLIC, default, omitempty=omitempty)


def sensitive(name: str = "", *, default: Any = None, omitempty: bool = False) -> Any:
    """Declare a result field that is shown on request but never logged."""
    return _field(name, None, Classification.SENSITIVE, default, omitempty=omitempty)


def secret(name: str = "", *, default: Any = None, omitempty: bool = False) -> Any:
    """Declare a result field that grants power to whoever reads it."""
    return _field(name, None, Classification.SECRET, default, omitempty=omitempty)


def query(
    name: str = "",
    *,
    cls: Classification = Classification.PUBLIC,
    help: str = "",
    default: Any = None,
) -> Any:
    """Declare a parameter that travels in the query string."""
    return _field(name, Carrier.QUERY, cls, default, help=help)


def form(
    name: str = "",
    *,
    cls: Classification = Classification.PUBLIC,
    help: str = "",
    default: Any = None,
) -> Any:
    """Declare a parameter that travels in a form body."""
    return _field(name, Carrier.FORM, cls, default, help=help)


def header(
    name: str = "",
    *,
    cls: Classification = Classification.PUBLIC,
    help: str = "",
    default: Any = None,
) -> Any:
    """Declare a parameter that travels in a request header."""
    return _field(name, Carrier.HEADER, cls, default, help=help)


def wire(field: dataclasses.Field[Any]) -> Wire:
    """Return what the wire needs of a dataclass field; an undeclared field is secret."""
    meta = field.metadata
    carrier = meta.get("carrier")
    name = meta.get("name") or field.name.replace("_", "-")
    if carrier is Carrier.HEADER:
        name = "-".join(part.capitalize() for part in name.split("-"))
    return Wire(
        name=name,
        carrier=carrier,
        omitempty=meta.get("omitempty", False),
        classification=meta.get("class", Classification.SECRET),
        help=meta.get("help", ""),
    )


def _field(
    name: str,
    carrier: Carrier | None,
    cls: Classification,
    default: Any,
    *,
    omitempty: bool = False,
    help: str = "",
) -> Any:
    meta = {"name": name, "carrier": carrier, "class": cls, "omitempty": omitempty, "help": help}
    return dataclasses.field(default=default, metadata=meta)
