import pytest

from convox.manifest import ManifestError, check, parse

IAM = "arn:aws-cn:iam::123456789012:server-certificate/path/name"
ACM = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b-2c"


@pytest.mark.parametrize(
    "listener",
    [
        f"{{port: 1, protocol: tls, certificate: {ACM}}}",
        f"{{port: 1, protocol: tls, certificate: {IAM}}}",
        "{port: 65535, containerPort: 1, protocol: ' TCP ', scheme: INTERNAL}",
        "{port: 1, allow_cidr: [0.0.0.0/0, 10.1.2.3/32]}",
    ],
)
def test_good_listeners(listener):
    assert check(f"services:\n  web:\n    nlb: [{listener}]\n", {}).findings == ()


@pytest.mark.parametrize(
    ("listener", "what"),
    [
        ("{port: 1, containerPort: -1}", "service web: nlb containerPort -1 out of range"),
        ("{}", "service web: nlb port 0 out of range"),
        ("~", "service web: nlb port 0 out of range"),
        (
            "{port: 1, protocol: tls, certificate: x}",
            "service web nlb port 1: certificate must be a full ACM or IAM server-certificate ARN, "
            "got \"x\" (run 'convox certs list' to see available ARNs)",
        ),
        (
            "{port: 1, allow_cidr: [10.0.0.0]}",
            'service web nlb port 1: allow_cidr entry "10.0.0.0" is not a valid IPv4 CIDR '
            "(e.g. 10.0.0.0/16)",
        ),
        (
            "{port: 1, allow_cidr: [10.0.0.0/255.0.0.0]}",
            'service web nlb port 1: allow_cidr entry "10.0.0.0/255.0.0.0" is not a valid IPv4 '
            "CIDR (e.g. 10.0.0.0/16)",
        ),
        (
            "{port: 1}, {port: 1, containerPort: 2}",
            "service web: nlb port 1 declared with conflicting containerPort values",
        ),
        (
            "{port: 1}, {port: 2, containerPort: 1}",
            "service web: nlb containerPort 1 used by multiple nlb listeners",
        ),
    ],
)
def test_bad_listeners_are_refused_in_the_incumbents_words(listener, what):
    with pytest.raises(ManifestError) as caught:
        parse(f"services:\n  web:\n    nlb: [{listener}]\n", {})

    assert caught.value.what == what


@pytest.mark.parametrize(
    "nlb", ["5", "[5]", "[{port: x}]", "[{allow_cidr: x}]", "[{cross_zone: 1}]"]
)
def test_listeners_of_the_wrong_kind_are_refused_once(nlb):
    found = check(f"services:\n  web:\n    nlb: {nlb}\n", {}).findings

    assert [finding.severity for finding in found] == ["error"]


def test_every_problem_of_a_listener_is_reported_where_it_stands(said):
    text = "services:\n  web:\n    nlb:\n      - port: 0\n        scheme: x\n        protocol: y\n"

    assert [line.split(" ")[0] for line in said(text)] == ["4:15", "5:17", "6:19"]
