"""Options of a rack: names, defaults, rules, and how they are stored."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from convox.core.errors import InvalidError
from convox.providers.local import options
from convox.providers.local.options import RackOptions


class Values:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def with_prefix(self, prefix: str) -> Mapping[str, str]:
        found = {n: v for n, v in self.texts.items() if n.startswith(prefix)}
        return {name.removeprefix(prefix): value for name, value in found.items()}

    def put(self, name: str, value: str) -> None:
        self.texts[name] = value


@pytest.mark.parametrize("name", ["a", "local", "a-b", "a1", "x" * 23])
def test_a_rack_may_be_called(name: str):
    assert options.check_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a-", "a_b", "a.b", "x" * 24, "a\n", "é"])
def test_a_rack_may_not_be_called(name: str):
    with pytest.raises(InvalidError, match="invalid rack name"):
        options.check_name(name)


def test_no_parameter_means_the_defaults():
    assert options.parse({}) == RackOptions(443, 80, 5443, "", "", 7, 10)


def test_every_option_is_read():
    given = {
        "Port": "8443",
        "HttpPort": "8080",
        "ApiPort": "9443",
        "Cidr": "10.9.0.0/16",
        "Listen": "192.168.1.5",
        "LogRetention": "3",
        "BuildRetention": "4",
        "AllowPrivileged": "Yes",
        "AllowHostVolumes": "Yes",
    }

    read = options.parse(given)

    assert read == RackOptions(8443, 8080, 9443, "10.9.0.0/16", "192.168.1.5", 3, 4, True, True)
    assert read.parameters() == given


def test_parameters_change_what_was_there_before():
    base = options.parse({"Port": "8443"})

    assert options.parse({"LogRetention": "1"}, base).port == 8443


@pytest.mark.parametrize(
    ("name", "near"),
    [("port", "Port"), ("HTTPPort", "HttpPort"), ("Apiport", "ApiPort"), ("Logs", "LogRetention")],
)
def test_an_unknown_option_is_refused_with_the_nearest(name: str, near: str):
    with pytest.raises(InvalidError, match=f"unknown option: {name}") as caught:
        options.parse({name: "1"})

    assert near in caught.value.why


def test_an_option_like_no_other_is_refused_with_all():
    with pytest.raises(InvalidError) as caught:
        options.parse({"Zzz": "1"})

    assert "BuildRetention" in caught.value.why


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Port", "0"),
        ("Port", "65536"),
        ("Port", "-1"),
        ("Port", "x"),
        ("Port", ""),
        ("Port", "٤"),
        ("LogRetention", "0"),
        ("BuildRetention", "many"),
        ("Cidr", "10.0.0.1/16"),
        ("Cidr", "8.8.0.0/16"),
        ("Cidr", "10.0.0.0/25"),
        ("Cidr", "10.0.0.0/4"),
        ("Cidr", "fd00::/64"),
        ("Cidr", "text"),
        ("Listen", "localhost"),
        ("Listen", "1.2.3"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(name: str, value: str):
    with pytest.raises(InvalidError) as caught:
        options.parse({name: value})

    assert caught.value.what.startswith(f"{name}={value}")


def test_two_ports_may_not_be_the_same():
    with pytest.raises(InvalidError, match="must differ"):
        options.parse({"Port": "80"})


def test_what_is_saved_is_loaded():
    values = Values()
    given = options.parse({"Port": "8443", "Cidr": "10.9.0.0/16"})

    options.save(values, given)

    assert options.load(values) == given


def test_what_an_older_version_did_not_save_has_its_default():
    values = Values()
    values.put("parameter.Port", "8443")
    values.put("parameter.OfAnotherVersion", "x")

    assert options.load(values) == RackOptions(port=8443)


def test_the_router_has_the_last_subnet():
    assert RackOptions(cidr="10.9.0.0/16").router_subnet == "10.9.255.192/26"


@pytest.mark.parametrize(
    ("listen", "addresses"),
    [
        ("", ("127.0.0.1", "::1")),
        ("192.168.1.5", ("127.0.0.1", "::1", "192.168.1.5")),
        ("0.0.0.0", ("0.0.0.0", "::1")),
        ("::", ("127.0.0.1", "::")),
        ("127.0.0.1", ("127.0.0.1", "::1")),
    ],
)
def test_loopback_is_always_published(listen: str, addresses: tuple[str, ...]):
    assert RackOptions(listen=listen).addresses == addresses


def test_the_rack_is_at_localhost_with_its_port():
    assert RackOptions(api_port=9443).rack_domain == "localhost:9443"
