import pytest

from convox.manifest import parse
from convox.manifest.model import AgentPort, Build, Health, Port

BASE = """\
base: &base
  environment: [A=1, B=1]
  domain: a.example.org
  command: [run]
  port: https:8443
  tags: {a: x, b: x}
  build: {path: app, manifest: Dockerfile.x}
services:
  web:
    <<: *base
"""


def merged(*lines):
    return parse(BASE + "".join(f"    {line}\n" for line in lines), {}).service("web")


def test_lists_grow_after_a_merge_as_with_the_incumbent():
    web = merged("environment: [B=2]", "domain: b.example.org", "command: [fast]")

    assert web.environment == ("A=1", "B=1", "B=2")
    assert web.domains == ("a.example.org", "b.example.org")
    assert web.command == ("run", "fast")


def test_maps_are_joined_after_a_merge():
    assert merged("tags: {b: z}").tags == {"a": "x", "b": "z"}


def test_a_port_keeps_the_merged_scheme_and_a_build_path_the_merged_dockerfile():
    web = merged("port: 81", "build: other")

    assert web.port == Port(81, "https")
    assert web.build == Build("other", "Dockerfile.x")


def test_nothing_takes_a_merged_value_away():
    web = merged("command: ~", "port:", "environment: null")

    assert (web.command, web.port, web.environment) == (None, Port(), ())


def test_growing_a_command_is_warned_about(said):
    assert said(BASE + "    command: [fast]\n") == [
        "11:14 warning command goes after the words of the command given before it"
    ]


@pytest.mark.parametrize("domain", ["' a.org ,, b.org,'", "[a.org, ' ', ' b.org ']"])
def test_domains_are_trimmed_and_blanks_dropped(web, domain):
    assert web(f"domain: {domain}").domains == ("a.org", "b.org")


def test_numbers_become_text_where_text_is_wanted(web):
    service = web("image: 1.10", "test: 0x10", "tags: {a: Yes, b: 1e+6, c: ~}", "links: [8.0]")

    assert (service.image, service.test, service.links) == ("1.1", "16", ("8",))
    assert service.tags == {"a": "true", "b": "1e+06", "c": ""}


def test_fractions_are_cut_off_where_a_whole_number_is_wanted(web):
    assert web("drain: 61.9").drain == 61


def test_entries_of_an_environment_that_are_no_text_are_ignored_with_a_warning(web, said):
    assert web("environment: [A=1, 5, {B: c}, ~, [C=3, 6]]").environment == ("A=1", "C=3")
    assert said("services:\n  web:\n    environment:\n      - A: b\n") == [
        "4:9 warning environment has a map, which is ignored; write KEY or KEY=default"
    ]


def test_a_health_map_ignores_what_is_quoted_with_a_warning(web, said):
    assert web("health: {interval: '9', path: /up, grace: 7}").health == Health(7, 5, "/up", 4)
    assert said("services:\n  web:\n    health: {interval: '9', path: 5}\n") == [
        '3:24 warning health.interval is "9" and ignored, write a bare number',
        "3:35 warning health.path is 5 and ignored, write text",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("build: 7", "build is 7, must be a path or a map"),
        ("build: {args: 5}", "build.args is 5, must be a list"),
        ("build: {path: [a]}", "build.path is a list, must be text"),
        ("command: {a: b}", "command is a map, must be a text or a list of texts"),
        ("command: [a, [b]]", "command is a list, must be a text"),
        ("domain: [a, 7]", "domain is 7, must be a name or a list of names"),
        ("deployment: 5", "deployment is 5, must be a map"),
        ("deployment: {minimum: x}", 'deployment.minimum is "x", must be a whole number'),
        ("drain: [1]", "drain is a list, must be a whole number"),
        ("drain: true", "drain is true, must be a whole number"),
        ("environment: A=1", 'environment is "A=1", must be a list'),
        ("health: true", "health is true, must be a path or a map"),
        ("image: {a: b}", "image is a map, must be text"),
        ("internal: 1", "internal is 1, must be true or false"),
        ("links: api", 'links is "api", must be a list'),
        ("links: [{a: b}]", "links[0] is a map, must be text"),
        ("tags: [a]", "tags is a list, must be a map of names to texts"),
        ("tags: {a: [b]}", "tags.a is a list, must be text"),
        ("termination: 5", "termination is 5, must be a map"),
        ("termination: {grace: x}", 'termination.grace is "x", must be a whole number'),
        ("sticky: 'no'", 'sticky is "no", must be true or false, not quoted'),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_is_allowed(said, line, message):
    found = said(f"services:\n  web:\n    {line}\n")

    assert message in found[0]
    assert " error " in found[0]


def test_agent_ports_take_numbers_and_texts(web):
    assert web("agent: {ports: [8125, 5000/udp, '6000', ~]}").agent.ports == (
        AgentPort(8125, "tcp"),
        AgentPort(5000, "udp"),
        AgentPort(6000, ""),
        AgentPort(0, ""),
    )
