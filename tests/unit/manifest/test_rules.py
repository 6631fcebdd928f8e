import pytest

from convox.manifest import ManifestError, parse

GLOBAL = "environment: [SECRET]\nservices:\n  web:\n  api:\n  job:\n    environment:\n      - OWN\n"


def test_what_every_service_lacks_is_one_finding(said):
    assert said(GLOBAL, {"OWN": "x"}) == [
        "1:15 error required env: SECRET; every service needs values, "
        "set them: convox env set SECRET=VALUE"
    ]


def test_what_one_service_lacks_names_it(said):
    assert said(GLOBAL, {"SECRET": "x"}) == [
        "7:9 error required env: OWN; service job needs values, set them: convox env set OWN=VALUE"
    ]


def test_a_default_does_not_satisfy_an_earlier_declaration_without():
    with pytest.raises(ManifestError, match=r"^required env: A$"):
        parse("environment: [A]\nservices:\n  web:\n    environment: [A=1]\n", {})


def test_an_empty_value_satisfies():
    assert parse("services:\n  web:\n    environment: [A]\n", {"A": ""}).service("web")


def test_listeners_of_a_service_that_could_not_be_read_are_not_judged(said):
    text = "services:\n  web:\n    nlb: [{port: x}]\n"

    assert [line.split(" ")[:2] for line in said(text)] == [["3:18", "error"]]
