import pytest

from convox.manifest import ManifestError, parse
from convox.manifest.model import Port


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("3000", Port(3000, "http")),
        ("'+3000'", Port(3000, "http")),
        ("tcp:3000:9", Port(3000, "tcp")),
        ("{port: 'grpc:1', scheme: https}", Port(1, "https")),
        ("{port: 1, scheme: ~}", Port(1, "http")),
        ("3000.0", Port(3000, "http")),
        ("~", Port(0, "")),
    ],
)
def test_a_port_in_its_forms(web, line, port):
    assert web(f"port: {line}").port == port


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("true", "invalid port: %!s(bool=true)"),
        ("1.5", "invalid port: %!s(float64=1.5)"),
        ("[1, a]", "invalid port: [%!s(int=1) a]"),
        ("{}", "could not parse port: map[]"),
        ("{port: 0, scheme: a}", "could not parse port: map[port:0 scheme:a]"),
        ("{port: '0'}", "could not parse port: map[port:0]"),
        ("{port: true}", "could not parse port: map[port:%!s(bool=true)]"),
        ("{port: 1, scheme: 2}", "convox.yml:3:29: error: port.scheme is 2, must be text"),
    ],
)
def test_a_bad_port_is_refused(line, what):
    with pytest.raises(ManifestError) as caught:
        parse(f"services:\n  web:\n    port: {line}\n", {})

    assert caught.value.what == what


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("7", "could not parse agent: 7"),
        ("[a]", "could not parse agent: [a]"),
        ("{ports: [true]}", "invalid port: %!s(bool=true)"),
        ("{ports: [{a: 1}]}", "invalid port: map[a:%!s(int=1)]"),
    ],
)
def test_a_bad_agent_is_refused(line, what):
    with pytest.raises(ManifestError) as caught:
        parse(f"services:\n  web:\n    agent: {line}\n", {})

    assert caught.value.what == what


def test_what_an_agent_map_ignores_is_warned_about(said):
    assert said("services:\n  web:\n    agent: {enabled: false, ports: 5}\n") == [
        "3:22 warning agent.enabled is ignored: a map always means yes; write agent: false",
        "3:36 warning agent.ports is 5 and ignored, must be a list",
    ]
