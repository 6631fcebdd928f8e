import pytest

from convox.manifest import ManifestError, parse
from convox.manifest.model import Cooldown, Count, Metric, Targets


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("3", Count(3, 3)), ("'3'", Count(3, 3)), ("2.0", Count(2, 2)), ("-1", Count(-1, -1)),
        ("3-10", Count(3, 10)), ("{count: '4'}", Count(4, 4)), ("{count: 2-3}", Count(2, 3)),
        ("{count: {min: 2}}", Count(2, 0)), ("{count: ~}", Count(0, 0)),
        ("{bogus: 1}", Count(1, 1)), ("{cpu: 9}", Count(1, 1)), ("{}", Count(0, 0)),
    ],
)  # fmt: skip
def test_counts_in_their_forms(web, line, count):
    assert web(f"scale: {line}").scale.count == count


@pytest.mark.parametrize(
    ("line", "cooldown"),
    [
        ("5", Cooldown(5, 5)), ("'5'", Cooldown(5, 5)), ("{up: '7'}", Cooldown(0, 7)),
        ("{down: 1, up: 2}", Cooldown(1, 2)), ("0", Cooldown(0, 0)), ("{}", Cooldown(0, 0)),
    ],
)  # fmt: skip
def test_cooldowns_in_their_forms(web, line, cooldown):
    assert web(f"scale: {{cooldown: {line}}}").scale.cooldown == cooldown


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("true", "unknown type for service scale: bool"),
        ("1.5", "unknown type for service scale: float64"),
        ("18446744073709551615", "unknown type for service scale: uint64"),
        ("{count: true}", "invalid scale: true"),
        ("{count: [1]}", "invalid scale: [1]"),
        ("{count: {min: [1], max: 2}}", "invalid scale: map[max:2 min:[1]]"),
        ("1-2-3", "invalid scale: 1-2-3"),
        ("{cooldown: true}", "invalid cooldown: true"),
        ("{cooldown: {up: true}}", "invalid cooldown: map[up:true]"),
    ],
)
def test_a_bad_scale_is_refused_in_the_incumbents_words(line, what):
    with pytest.raises(ManifestError) as caught:
        parse(f"services:\n  web:\n    scale: {line}\n", {})

    assert caught.value.what == what


@pytest.mark.parametrize(
    "line",
    ["x", "''", "'-3'", "3-", "{count: x}", "{count: {min: x}}", "{targets: 5}",
     "{targets: {cpu: '70'}}", "{targets: {custom: 5}}", "{targets: {custom: {a: 5}}}",
     "{targets: {custom: {a: {value: x}}}}", "{targets: {custom: {a: {value: [1]}}}}"],
)  # fmt: skip
def test_a_bad_scale_without_words_of_the_incumbent_is_refused_with_its_place(line):
    with pytest.raises(ManifestError, match=r"^convox\.yml:3:\d+: error: "):
        parse(f"services:\n  web:\n    scale: {line}\n", {})


def test_targets_and_metrics(web):
    scale = web(
        "scale:",
        "  count: 1-3",
        "  targets:",
        "    cpu: 70",
        "    custom:",
        "      A/B/Depth: {aggregate: max, value: 1.5, dimensions: {Q: 1}}",
        "      Bare: {aggregate: sum, value: ~}",
    ).scale

    assert scale.targets == Targets(
        cpu=70,
        custom=(Metric("A/B", "Depth", "max", 1.5, {"Q": "1"}), Metric("", "Bare", "sum", 0.0)),
    )


@pytest.mark.parametrize(
    ("lines", "autoscales"),
    [
        (["scale: {count: 1-3, targets: {cpu: 70}}"], True),
        (["scale: {count: 1-3, targets: {custom: {a/b: {value: 1}}}}"], True),
        (["scale: {count: 3, targets: {cpu: 70}}"], False),
        (["scale: 1-3"], False),
        (["agent: true", "scale: {count: 1-3, targets: {cpu: 70}}"], False),
    ],
)
def test_what_scales_by_itself(web, lines, autoscales):
    assert web(*lines).autoscales is autoscales


def test_quoted_sizes_are_ignored_with_a_warning(web, said):
    assert web("scale: {cpu: '512'}").scale.cpu == 256
    assert said("services:\n  web:\n    scale: {memory: '512'}\n") == [
        '3:21 warning scale.memory is "512" and ignored, write a bare number'
    ]
