import pytest

from convox.core.errors import NotFoundError
from convox.manifest import ManifestError, parse


def test_resources_and_timers_keep_their_order_and_lines():
    manifest = parse(
        "resources:\n  b: {type: redis}\n  a: {type: efs, options: {permissions: 0777}}\n"
        "timers:\n  t: {command: 5, schedule: x, policies: [p]}\n  s:\n",
        {},
    )

    assert [(r.name, r.line, r.type) for r in manifest.resources] == [
        ("b", 2, "redis"), ("a", 3, "efs")
    ]  # fmt: skip
    assert manifest.resources[1].options == {"permissions": "511"}
    assert [(t.name, t.command, t.policies) for t in manifest.timers] == [
        ("t", "5", ("p",)), ("s", "", ())
    ]  # fmt: skip


def test_params_keep_their_text_as_written():
    assert parse("params: {A: Yes, B: 1.10, C: ~, D: 0x10}\n", {}).params == {
        "A": "Yes", "B": "1.10", "C": "", "D": "0x10"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "~\n", "services: []\n", "services:\n", "{}\n"])
def test_nothing_is_an_empty_manifest(text):
    assert parse(text, {}).services == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("services: {y: {image: x}}\n", "unknown key type: bool"),
        ("services: {1.5: {image: x}}\n", "unknown key type: float64"),
        ("timers: {~: {command: x}}\n", "unknown key type: <nil>"),
        ("services: {80: {image: x}}\n",
         "service name 80 invalid, must contain only lowercase alphanumeric and dashes"),
        ("environment: {A: b}\n",
         "unknown type for service environment: map[interface {}]interface {}"),
        ("resources: {db: ~}\n", "resource type can not be blank"),
    ],
)  # fmt: skip
def test_names_and_sections_are_refused_in_the_incumbents_words(text, what):
    with pytest.raises(ManifestError) as caught:
        parse(text, {})

    assert caught.value.what == what


@pytest.mark.parametrize(
    "text",
    ["services: 5\n", "services: {web: 5}\n", "services: {web: []}\n", "resources: x\n",
     "resources: {db: [a]}\n", "resources: {db: {type: [a]}}\n", "timers: {t: {policies: x}}\n",
     "params: [a]\n", "params: {a: {b: c}}\n", "5\n"],
)  # fmt: skip
def test_sections_of_the_wrong_kind_are_refused(text):
    with pytest.raises(ManifestError, match=r"^convox\.yml:1:\d+: error: "):
        parse(text, {})


def test_attribute_paths_go_through_maps_and_skip_odd_keys():
    manifest = parse(
        "services: {web: {tags: {1: a, yes: b, 1.5: c}, links: [web]}}\nx-y: {z: 1}\n", {}
    )

    assert manifest.attributes == {
        "services", "services.web", "services.web.tags", "services.web.tags.1",
        "services.web.links", "x-y", "x-y.z",
    }  # fmt: skip


def test_a_service_named_twice_is_kept_twice_and_found_first():
    manifest = parse("services:\n  web: {image: a}\n  web: {image: b, port: 1}\n", {})

    assert [service.image for service in manifest.services] == ["a", "b"]
    assert manifest.service("web").image == "a"


def test_a_service_that_is_not_there_is_not_found():
    with pytest.raises(NotFoundError, match="no such service: api"):
        parse("services: {web: }\n", {}).service("api")
