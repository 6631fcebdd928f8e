from __future__ import annotations

import pytest

from convox.cli.commands import FLAGS
from convox.cli.flags import HelpAsked, Value, check_count, parse
from convox.core.errors import InvalidError

NAMES = ("app", "wait", "count", "build-args", "since", "detach", "entrypoint")
SPECS = {name: FLAGS[name] for name in NAMES}


@pytest.mark.parametrize(
    ("words", "args", "values"),
    [
        ([], [], {}),
        (["a", "--app", "x", "b"], ["a", "b"], {"app": "x"}),
        (["--app=x=y"], [], {"app": "x=y"}),
        (["--app="], [], {"app": ""}),
        (["-ax"], [], {"app": "x"}),
        (["-a=x"], [], {"app": "x"}),
        (["-a", "x", "-a", "y"], [], {"app": "y"}),
        (["-wd"], [], {"wait": True, "detach": True}),
        (["-wax"], [], {"wait": True, "app": "x"}),
        (["-w", "true"], ["true"], {"wait": True}),
        (["--wait=false"], [], {"wait": False}),
        (["--wait=yes"], [], {"wait": False}),
        (["-e=false", "x"], ["x"], {"entrypoint": False}),
        (["--count", "-3"], [], {"count": -3}),
        (["--build-args", "A=1,2", "--build-args", "B="], [], {"build-args": ["A=1,2", "B="]}),
        (["--since", "90m"], [], {"since": "1h30m0s"}),
        (["a", "--", "--app", "x"], ["a", "--app", "x"], {}),
        (["-", "--app", "--wait"], ["-"], {"app": "--wait"}),
    ],
)
def test_words_become_arguments_and_flags(
    words: list[str], args: list[str], values: dict[str, Value]
) -> None:
    assert parse(words, SPECS) == (args, values)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bogus"], "unknown flag: --bogus"),
        (["--bogus=1"], "unknown flag: --bogus"),
        (["-la"], "unknown flag: -la"),
        (["-wz"], "unknown flag: -wz"),
        (["--app"], "flag needs an argument: --app"),
        (["-a"], "flag needs an argument: 'a' in -a"),
        (
            ["--count", "many"],
            'invalid argument "many" for "--count" flag: '
            'strconv.ParseInt: parsing "many": invalid syntax',
        ),
        (
            ["--count="],
            'invalid argument "" for "--count" flag: strconv.ParseInt: parsing "": invalid syntax',
        ),
    ],
)
def test_wrong_flags_are_refused_in_the_existing_clients_words(
    words: list[str], message: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        parse(words, SPECS)

    assert caught.value.wire == message


@pytest.mark.parametrize("word", ["-h", "--help", "-wh"])
def test_help_is_a_way_out(word: str) -> None:
    with pytest.raises(HelpAsked):
        parse(["a", word], SPECS)


@pytest.mark.parametrize(
    ("count", "least", "most", "message"),
    [
        (0, 1, 1, "1 arg required"),
        (3, 2, 2, "2 args required"),
        (0, 1, -1, "at least 1 arg required"),
        (1, 2, -1, "at least 2 args required"),
        (2, 0, 1, "no more than 1 arg expected"),
        (1, 0, 0, "0 args required"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused(
    count: int, least: int, most: int, message: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        check_count(["x"] * count, least, most)

    assert caught.value.wire == message


@pytest.mark.parametrize(("count", "least", "most"), [(0, 0, 0), (2, 2, 2), (9, 1, -1), (1, 0, 1)])
def test_a_right_number_of_arguments_passes(count: int, least: int, most: int) -> None:
    check_count(["x"] * count, least, most)
