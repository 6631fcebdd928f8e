"""Words to flags and arguments, by the rules and the error texts of the existing client.

Those are pflag's: flags and arguments mix, `--x=v`, `-xv`, `-x=v`, `--` ends flags, a boolean takes
a value only after `=`. Knows no command; main.py says which flags there are.
Source: cli.md section A, "Parsing"; the texts were compared with the existing client.
"""

from __future__ import annotations

from convox.core.errors import InvalidError

Value = str | int | bool | list[str]
Spec = tuple[str, str, str, str]


class HelpAsked(Exception):
    """Somebody wrote -h or --help."""


def parse(words: list[str], flags: dict[str, Spec]) -> tuple[list[str], dict[str, Value]]:
    """Split `words` into arguments and flag values by name; flags not given are absent.

    Raises:
        InvalidError: an unknown flag, a missing or a wrong value.
        HelpAsked: help was asked for.
    """
    args: list[str] = []
    values: dict[str, Value] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return args + rest, values
        if word.startswith("--"):
            _long(word, rest, flags, values)
        elif word.startswith("-") and len(word) > 1:
            _short(word, rest, flags, values)
        else:
            args.append(word)
    return args, values


def check_count(args: list[str], least: int, most: int) -> None:
    """Raise InvalidError unless there are `least` to `most` arguments (-1: no upper limit)."""
    if least == most and len(args) != least:
        raise InvalidError(f"{_counted(least)} required")
    if len(args) < least:
        raise InvalidError(f"at least {_counted(least)} required")
    if 0 <= most < len(args):
        raise InvalidError(f"no more than {_counted(most)} expected")


def _counted(count: int) -> str:
    return f"{count} arg" if count == 1 else f"{count} args"


def _long(word: str, rest: list[str], flags: dict[str, Spec], values: dict[str, Value]) -> None:
    long, equals, value = word[2:].partition("=")
    name = next((name for name, spec in flags.items() if spec[0] == long), "")
    if not name:
        if long == "help":
            raise HelpAsked
        raise InvalidError(f"unknown flag: --{long}")
    spec = flags[name]
    if not equals and spec[2] != "bool":
        if not rest:
            raise InvalidError(f"flag needs an argument: --{long}")
        value = rest.pop(0)
    _store(name, spec, value if equals or spec[2] != "bool" else "true", values)


def _short(word: str, rest: list[str], flags: dict[str, Spec], values: dict[str, Value]) -> None:
    """Read a cluster: booleans may be followed by more letters, others take what is left."""
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        name = next((name for name, spec in flags.items() if spec[1] == letter), "")
        if not name:
            if letter == "h":
                raise HelpAsked
            raise InvalidError(f"unknown flag: {word}")
        spec = flags[name]
        if letters.startswith("="):
            return _store(name, spec, letters[1:], values)
        if spec[2] != "bool":
            if not letters and not rest:
                raise InvalidError(f"flag needs an argument: {letter!r} in {word}")
            return _store(name, spec, letters or rest.pop(0), values)
        _store(name, spec, "true", values)
    return None


def _store(name: str, spec: Spec, text: str, values: dict[str, Value]) -> None:
    kind = spec[2]
    if kind == "bool":
        values[name] = text == "true"
    elif kind == "int":
        values[name] = _integer(spec, text)
    elif kind == "duration":
        from convox.cli.durations import go_duration  # seldom asked for

        values[name] = go_duration(text, _shown(spec))
    elif kind == "list":
        listed = values.setdefault(name, [])
        assert isinstance(listed, list)  # noqa: S101  the table decides
        listed.append(text)
    else:
        values[name] = text


def _integer(spec: Spec, text: str) -> int:
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidError(
            f'invalid argument "{text}" for "{_shown(spec)}" flag: '
            f'strconv.ParseInt: parsing "{text}": invalid syntax'
        )
    return int(text)


def _shown(spec: Spec) -> str:
    return f"-{spec[1]}, --{spec[0]}" if spec[1] else f"--{spec[0]}"
