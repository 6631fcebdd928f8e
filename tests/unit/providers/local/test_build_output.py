from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.providers.local.build_output import Cleaner, Notes

BUILDKIT = b"""#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#4 [base 2/2] RUN make all
#4 sha256:0555abb1
#4 0.140 compiling
#4 0.150 error: no rule
#4 ERROR: executor failed running [/bin/sh -c make all]: exit code: 2
------
 > [base 2/2] RUN make all:
------
executor failed running [/bin/sh -c make all]: exit code: 2
"""


def sentence(*output, error=""):
    notes = Notes()
    for lines in output:
        notes.feed(lines)
    return notes.sentence(error)


def test_names_the_step_its_exit_code_and_what_it_printed():
    said = 'step "RUN make all" ended with exit code 2; it printed: compiling | error: no rule'

    assert sentence(BUILDKIT) == said


def test_names_a_step_that_failed_without_an_exit_code():
    output = b'#6 [2/2] COPY missing /\n#6 ERROR: "/missing" not found: not found\n'

    assert sentence(output) == 'step "COPY missing /" failed: "/missing" not found: not found'


def test_reads_the_newer_words_of_the_builder():
    output = (
        b"#5 [2/2] RUN false\n"
        b'#5 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1\n'
        b"ERROR: failed to solve: process ...\nView build details: docker-desktop://x\n"
    )

    assert sentence(output) == 'step "RUN false" ended with exit code 1'


def test_keeps_only_the_last_lines_of_a_step():
    lines = b"".join(b"#4 0.%d line %d\n" % (n, n) for n in range(100))
    output = b"#4 [1/1] RUN x\n" + lines + b"#4 ERROR: exit code: 1\n"

    said = "line 95 | line 96 | line 97 | line 98 | line 99"
    assert sentence(output) == f'step "RUN x" ended with exit code 1; it printed: {said}'


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (
            "failed to solve with frontend dockerfile.v0: failed to create LLB definition: "
            "dockerfile parse error line 1: unknown instruction: FRO",
            "dockerfile parse error line 1: unknown instruction: FRO",
        ),
        ("ERROR: failed to solve: nope: not found", "nope: not found"),
        ("Cannot connect to the Docker daemon", "Cannot connect to the Docker daemon"),
    ],
)
def test_without_a_step_it_is_the_builders_last_word(last, said):
    assert sentence(f"#1 [internal] load\n#1 DONE 0.0s\n{last}\n".encode()) == said


def test_a_step_of_the_builders_own_is_no_step_of_the_file():
    output = (
        b"#3 [internal] load metadata for x\n#3 ERROR: no such host\nfailed to solve: no host\n"
    )

    assert sentence(output) == "no host"


def test_reads_the_classic_builder():
    output = b"Step 1/2 : FROM a\n ---> 123\nStep 2/2 : RUN exit 3\n ---> Running in 456\nhello\n"
    output += b"Removing intermediate container 456\n"
    error = "The command '/bin/sh -c exit 3' returned a non-zero code: 3"

    said = 'step "RUN exit 3" ended with exit code 3; it printed: hello'
    assert sentence(output, error=error) == said
    assert sentence(output, error="pull access denied") == "pull access denied"


def test_says_so_when_the_builder_said_nothing():
    assert sentence() == "the builder failed without a word"


def test_a_reason_stays_readable():
    output = b"#4 [1/1] RUN x\n#4 0.1 " + b"y" * 5000 + b"\n#4 ERROR: exit code: 1\n"

    assert len(sentence(output)) == 600


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        (b"\x1b[31mred\x1b[0m\n", b"red\n"),
        (b"\x1b]0;title\x07x\n", b"x\n"),
        (b"10%\r50%\r100%\r\n", b"10%\n50%\n100%\n"),
        (b"\xff\xfe\n", b"\xff\xfe\n"),
    ],
)
def test_cleans_lines(dirty, clean):
    assert Cleaner().feed(dirty) == clean


def test_passes_on_whole_lines_only():
    cleaner = Cleaner()

    assert cleaner.feed(b"one\ntw") == b"one\n"
    assert cleaner.feed(b"o\x1b[3") == b""
    assert cleaner.feed(b"1m\n") == b"two\n"
    assert cleaner.feed(b"rest") == b""
    assert cleaner.finish() == b"rest\n"
    assert cleaner.finish() == b""


def test_does_not_wait_for_ever_for_a_line_to_end():
    assert len(Cleaner().feed(b"x" * 70_000)) == 70_000


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_how_output_is_cut_does_not_change_it(data, cuts):
    whole, cut = Cleaner(), Cleaner()
    places = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]

    pieces = [cut.feed(data[a:b]) for a, b in pairwise(places)]

    assert b"".join(pieces) + cut.finish() == whole.feed(data) + whole.finish()
