import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.manifest.scalars import atoi, resolve, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("NULL", None), ("nuLL", "nuLL"),
        ("y", True), ("Yes", True), ("ON", True), ("TRUE", True), ("yEs", "yEs"),
        ("n", False), ("No", False), ("off", False), ("False", False),
        ("0", 0), ("-3", -3), ("+3", 3), ("1_000", 1000), ("010", 8), ("0o17", 15),
        ("0x1F", 31), ("0b101", 5), ("-0b11", -3), ("0777", 511),
        ("08", 8.0), ("1.50", 1.5), (".5", 0.5), ("1e3", "1e3"), ("1e+3", 1000.0),
        ("9223372036854775808", 2**63), ("99999999999999999999", 1e20),
        ("-9223372036854775808", -(2**63)), ("-9223372036854775809", -9223372036854775809.0),
        (".inf", math.inf), ("-.INF", -math.inf),
        ("443:80", "443:80"), ("190:20:30", "190:20:30"), ("2001-01-01", "2001-01-01"),
        ("+", "+"), ("-", "-"), (".", "."), ("1.2.3", "1.2.3"), ("0x", "0x"), ("1__", 1),
        ("\u0663", "\u0663"), ("web", "web"),
    ],
)  # fmt: skip
def test_a_plain_scalar_means_what_yaml_v2_makes_of_it(text, value):
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_a_number_of_a_megabyte_takes_no_time():
    assert resolve("9" * 1_000_000) == math.inf
    assert isinstance(resolve("0x" + "f" * 1_000_000), str)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), (False, "false"), (7, "7"), ("x", "x"),
        (8.0, "8"), (10.10, "10.1"), (0.1, "0.1"), (-2.5, "-2.5"), (0.0, "0"),
        (100000.0, "100000"), (1000000.0, "1e+06"), (123456789.0, "1.23456789e+08"),
        (0.0001, "0.0001"), (0.00001, "1e-05"), (1e100, "1e+100"), (1e20, "1e+20"),
        (math.inf, ".inf"), (-math.inf, "-.inf"), (math.nan, ".nan"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_go_writes_it(value, text):
    assert written(value) == text


@given(st.floats(allow_nan=False) | st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.none())
def test_what_is_written_means_the_same_when_read(value):
    assert resolve(written(value)) == value


@given(st.text())
def test_resolve_takes_any_text(text):
    assert resolve(text) is None or isinstance(resolve(text), bool | int | float | str)


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("+3", 3), ("-3", -3), ("007", 7), ("", None), ("3+", None), (" 3", None),
     ("3_0", None), ("0x3", None), ("9" * 30, None), ("\u0663", None), ("3\n", None)],
)  # fmt: skip
def test_atoi_reads_decimal_digits_and_a_sign_only(text, number):
    assert atoi(text) == number
