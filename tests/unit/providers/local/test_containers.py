"""Containers as values."""

from convox.providers.local.containers import Container


def test_people_see_the_first_twelve_characters_of_an_id():
    container = Container("0123456789abcdef" * 4, "convox.r.a.web.1", "sha256:1", {}, "running")

    assert container.pid == "0123456789ab"
