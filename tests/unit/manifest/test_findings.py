import pytest

from convox.manifest.findings import ManifestError, Report
from convox.manifest.interpolate import interpolate


def report(text="", env=()):
    return Report(interpolate(text, dict(env)), "convox.yml")


def test_a_finding_reported_twice_is_kept_once():
    found = report("abc")
    found.error(1, "twice")
    found.error(1, "twice")

    assert [str(finding) for finding in found.findings()] == ["convox.yml:1:2: error: twice"]


def test_findings_come_in_the_order_of_the_file_and_the_first_reported_is_first():
    found = report("a\nb\n")
    found.error(2, "later", wire="words")
    found.warn(0, "earlier")

    assert [finding.message for finding in found.findings()] == ["earlier", "later"]
    assert found.first == "words"


def test_values_are_hidden_in_both_texts_whatever_their_case():
    found = report("${TOKEN}", {"TOKEN": "Secret.1"})
    found.error(0, "got SECRET.1", wire="got secret.1")

    assert found.findings()[0].message == "got ${TOKEN}"
    assert found.first == "got ${TOKEN}"


def test_the_nearest_name_is_offered_else_all_of_them():
    found = report()

    assert found.allowed("wbe", ["api", "web"]) == "did you mean web?"
    assert found.allowed("zzz", ["api", "web"]) == "must be one of api, web"
    assert found.allowed("zzz", []) == "there is none"
    assert found.allowed("zzz", [f"a{i}" for i in range(99)]).endswith("a39, ...")


@pytest.mark.parametrize(
    ("what", "fix"),
    [("required env: A", "convox env set NAME=VALUE"), ("other", "convox validate lists")],
)
def test_an_error_says_what_to_do_and_travels_as_its_words_alone(what, fix):
    error = ManifestError(what, ())

    assert fix in error.fix
    assert error.wire == what
