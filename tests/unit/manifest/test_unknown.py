import pytest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "servicess: {}\n",
            "servicess in the file is not known and ignored, did you mean services?",
        ),
        (
            "services: {w: {Image: x}}\n",
            "Image in services.w is not known and ignored, did you mean image?",
        ),
        ("services: {w: {domains: x}}\n", "domains in services.w is ignored: called domain"),
        (
            "services: {w: {liveness: x}}\n",
            "liveness in services.w is ignored: not of this generation; health is what there is",
        ),
        (
            "services: {w: {health: {interval: 5, intervals: 3}}}\n",
            "intervals in services.w.health is not known and ignored, did you mean interval?",
        ),
        (
            "services: {w: {termination: {zzz: 3}}}\n",
            "zzz in services.w.termination is not known and ignored, must be one of grace",
        ),
        (
            "services: {w: {nlb: [{port: 1, prot: tcp}]}}\n",
            "prot in services.w.nlb[0] is not known and ignored, did you mean port?",
        ),
        (
            "services: {w: {scale: {targets: {custom: {a/b: {stat: max, aggregate: max}}}}}}\n",
            "stat in services.w.scale.targets.custom.a/b is not known and ignored",
        ),
        ("timers: {t: {cron: x}}\n", "cron in timers.t is not known and ignored"),
        ("balancers: {}\n", "balancers in the file is ignored: not of this generation"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_named_with_the_nearest(said, text, message):
    assert any(message in line and " warning " in line for line in said(text))


@pytest.mark.parametrize(
    "text",
    ["x: &x {image: a}\nservices:\n  web: *x\n", "x-notes: hello\nservices:\n  web:\n",
     "services: {w: {tags: {anything: x}}}\n", "params: {Anything: x}\nservices: {w: {image: x}}\n",
     "resources: {r: {type: redis, options: {any: x}}}\nservices: {w: {image: x}}\n"],
)  # fmt: skip
def test_keys_that_the_user_names_are_not_unknown(said, text):
    assert said(text) == []


def test_a_section_of_the_wrong_kind_is_only_refused(said):
    assert [line.split()[1] for line in said("services: [a, b]\n")] == ["error"]
