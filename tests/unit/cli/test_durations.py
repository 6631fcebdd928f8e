from __future__ import annotations

import pytest

from convox.cli.durations import go_duration
from convox.core.errors import InvalidError


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0", "0s"),
        ("5s", "5s"),
        ("90m", "1h30m0s"),
        ("1h", "1h0m0s"),
        ("2m", "2m0s"),
        ("1.5s", "1.5s"),
        ("300ms", "300ms"),
        ("1500us", "1.5ms"),
        ("7ns", "7ns"),
        ("1h2m3.004s", "1h2m3.004s"),
        ("-1m", "-1m0s"),
        ("+1m", "1m0s"),
        (".5h", "30m0s"),
        ("-0s", "0s"),
    ],
)
def test_a_duration_is_written_as_go_writes_it(text: str, written: str) -> None:
    assert go_duration(text, "--since") == written


@pytest.mark.parametrize("text", ["", "5", "1d", "h", "1h ", "1,5s", "one minute", "--1m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="--since") as caught:
        go_duration(text, "--since")

    assert caught.value.fix
