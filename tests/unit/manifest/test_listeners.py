"""The listeners of the network load balancer, as they are read."""

import pytest

from convox.manifest.compose import compose
from convox.manifest.findings import Report
from convox.manifest.interpolate import interpolate
from convox.manifest.listeners import decode_listeners
from convox.manifest.model import NlbListener


def read(text):
    report = Report(interpolate(text, {}), "f")
    listeners = decode_listeners(compose(text, report), report)
    return listeners, [finding.message for finding in report.findings()]


def test_every_attribute_is_read():
    text = (
        "[{port: 443, protocol: tls, containerPort: 8443, scheme: internal, certificate: arn,"
        " cross_zone: true, allow_cidr: [10.0.0.0/8], preserve_client_ip: false}]"
    )

    assert read(text) == (
        (NlbListener(443, "tls", 8443, "internal", "arn", True, ("10.0.0.0/8",), False),),
        [],
    )


def test_what_is_not_said_is_left_to_the_load_balancer():
    listeners, _ = read("[{port: 80, cross_zone: ~}]")

    assert listeners == (NlbListener(port=80),)
    assert listeners[0].cross_zone is None
    assert listeners[0].preserve_client_ip is None


def test_listeners_keep_their_order():
    assert [listener.port for listener in read("[{port: 3}, {port: 1}, {port: 2}]")[0]] == [3, 1, 2]


@pytest.mark.parametrize("text", ["{port: 1}", "443", "words"])
def test_what_is_no_list_is_refused(text):
    listeners, messages = read(text)

    assert listeners is None
    assert messages[0].endswith("must be a list of maps")


def test_an_item_that_is_no_map_is_told_and_left_out():
    listeners, messages = read("[{port: 1}, 2]")

    assert listeners == (NlbListener(port=1),)
    assert messages[0].startswith("nlb[1] is ")


@pytest.mark.parametrize(
    ("item", "where"),
    [
        ("{port: '1'}", "nlb[0].port is "),
        ("{containerPort: x}", "nlb[0].containerPort is "),
        ("{protocol: [tcp]}", "nlb[0].protocol is "),
        ("{allow_cidr: 10.0.0.0/8}", "nlb[0].allow_cidr is "),
        ("{cross_zone: 'yes'}", "nlb[0].cross_zone is "),
    ],
)
def test_a_bad_value_is_told_with_its_place_and_changes_nothing(item, where):
    listeners, messages = read(f"[{item}]")

    assert listeners == (NlbListener(),)
    assert [message.startswith(where) for message in messages] == [True]
