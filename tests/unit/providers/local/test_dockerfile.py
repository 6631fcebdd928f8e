from __future__ import annotations

import pytest

from convox.providers.local.dockerfile import read


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("ARG A", {"A"}),
        ("arg A=1\nARG B", {"A", "B"}),
        ("ARG A=1 B C='x y' D", {"A", "B", "C", "D"}),
        ("  ARG A", {"A"}),
        ("ARG A \\\n  B", {"A", "B"}),
        ("ARG A \\\n# between\n  B", {"A", "B"}),
        ("ARG A\r\nARG B\r\n", {"A", "B"}),
        ("# ARG A\nRUN echo ARG B", set()),
        ("ENV ARG=1\nARGUMENT X", set()),
        ("ARG\nARG =x", set()),
        ("", set()),
    ],
)
def test_reads_arguments(text, args):
    assert read(text).args == args


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("FROM a", set()),
        ("FROM a AS Base\nfrom base as development", {"base", "development"}),
        ("FROM --platform=linux/amd64 a AS x", {"x"}),
        ("FROM a \\\n AS x", {"x"}),
        ("FROM as", set()),
        ("COPY --from=development a b", set()),
    ],
)
def test_reads_stages(text, stages):
    assert read(text).stages == stages
