"""What a plain YAML scalar means, and how the incumbent writes a value back as text.

YAML 1.1 as Go's yaml.v2 has it, which is not the whole of YAML 1.1: `y` and `n` are booleans,
`010` is eight, there are no base-60 numbers, and dates stay text. Pure functions, no nodes.

Source: yaml.v2 `resolve.go`, Go `strconv` (ParseInt with base 0, FormatFloat with 'g').
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

Plain = None | bool | int | float | str

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1

_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"), True),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INT = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)"
    r"|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_FLOAT = re.compile(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+][0-9]+)?")
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_ATOI = re.compile(r"[-+]?[0-9]+")


def resolve(text: str) -> Plain:
    """Return the meaning of an unquoted, untagged scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        return float(text) if _POINT_FLOAT.fullmatch(text) else text
    if not (text[0] in "+-" or "0" <= text[0] <= "9"):
        return text
    digits = text.replace("_", "")
    number = _integer(digits)
    if number is None and _FLOAT.fullmatch(digits):
        return float(digits)
    return text if number is None else number


def _integer(digits: str) -> int | None:
    found = _INT.fullmatch(digits)
    if not found:
        return None
    base = next(name for name in _BASES if found[name])
    # Past 20 digits in base 8 and up nothing fits 64 bits; int() of a megabyte would take seconds.
    if len(found[base].lstrip("0")) > 64:
        return None
    number = int(found[base], _BASES[base]) * (-1 if found["sign"] == "-" else 1)
    return number if INT_MIN <= number <= (INT_MAX if found["sign"] else UINT_MAX) else None


def atoi(text: str) -> int | None:
    """Return the number in a decimal text as Go's Atoi reads it, or None."""
    if not _ATOI.fullmatch(text) or len(text.lstrip("+-0")) > 20:
        return None
    number = int(text)
    return number if INT_MIN <= number <= INT_MAX else None


def written(value: Plain) -> str:
    """Return the text that yaml.v2 writes for a value: what text fields get from numbers."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _float_text(value)
        case _:
            return str(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    if not isinstance(exponent, int):  # pragma: no cover  infinities and NaN are gone by here
        raise TypeError(value)
    shown = "".join(map(str, digits)).lstrip("0") or "0"
    point = len(shown) + exponent
    shown = shown.rstrip("0") or "0"
    return ("-" if sign else "") + _placed(shown, point if shown != "0" else 1)


def _placed(digits: str, point: int) -> str:
    power = point - 1
    if power < -4 or power >= 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{digits[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if point <= 0:
        return "0." + "0" * -point + digits
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{whole}.{fraction}" if fraction else whole
