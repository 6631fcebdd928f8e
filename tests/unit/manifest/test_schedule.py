import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import InvalidError
from convox.manifest.schedule import schedule_fields, schedule_problem


def test_five_fields_get_a_year():
    assert schedule_fields("*/5 * * * ?") == ("*/5", "*", "*", "*", "?", "*")


def test_six_fields_stay():
    assert schedule_fields("0 3 ? * MON 2030") == ("0", "3", "?", "*", "MON", "2030")


@pytest.mark.parametrize(
    "expression", ["", "bad", "@daily", "* * * *", "0  3 * * ? *", "* * * * * * *"]
)
def test_another_number_of_fields_is_refused_in_the_incumbents_words(expression):
    with pytest.raises(InvalidError) as caught:
        schedule_fields(expression)

    assert caught.value.what == f"invalid schedule expression: {expression}"


@pytest.mark.parametrize(
    "expression",
    ["*/5 * * * ?", "0 3 * * ?", "0 3 ? * MON-FRI", "0,30 8-18/2 1 jan,DEC ? 2030", "0 0 L * ?",
     "0 0 LW * ?", "0 0 15W * ?", "0 0 ? * 6L", "0 0 ? * 2#1", "0 0 ? * 1-7 2026-2030",
     "* * * * *", "*/5 0-6/2 1,15 jan-mar SUN", "0 0 * * 0", "0 0 * * 7"],
)  # fmt: skip
def test_valid_schedules_have_no_problem(expression):
    assert schedule_problem(expression) is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("bad", "invalid schedule expression: bad"),
        ("* * * * * *", "exactly one of day of month and day of week must be ?"),
        ("0 3 * * 8", 'day of week "8" is not valid, must be * or numbers from 0 to 7 or SUN-SAT'),
        ("0 3 L * *", 'day of month "L"'),
        ("* * ? * ?", "exactly one of day of month and day of week must be ?"),
        ("60 * * * ?", 'minute "60" is not valid, must be * or numbers from 0 to 59'),
        ("* 24 * * ?", 'hour "24"'),
        ("* * 0 * ?", 'day of month "0"'),
        ("* * * FOO ?", 'month "FOO" is not valid, must be * or numbers from 1 to 12 or JAN-DEC'),
        ("* * ? * 8", 'day of week "8"'),
        ("* * ? * MON#6", 'day of week "MON#6"'),
        ("5-1 * * * ?", 'minute "5-1"'),
        ("*/0 * * * ?", 'minute "*/0"'),
        ("1-2-3 * * * ?", 'minute "1-2-3"'),
        ("1, * * * ?", 'minute "1,"'),
        ("L * * * ?", 'minute "L"'),
        ("\u0661 * * * ?", "minute"),
    ],
)
def test_what_is_wrong_is_said(expression, problem):
    assert problem in (schedule_problem(expression) or "")


@given(st.text(" */,-?LW#0123456789MONJAN"))
def test_any_text_is_judged(expression):
    assert schedule_problem(expression) is None or isinstance(schedule_problem(expression), str)
