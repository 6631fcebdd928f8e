from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.client.endpoint import Endpoint, form, quote, unquote
from convox.core.errors import InvalidError


def credentials(endpoint: Endpoint) -> str:
    return base64.b64decode(endpoint.authorization.removeprefix("Basic ")).decode()


def test_an_address_is_taken_apart() -> None:
    endpoint = Endpoint("https://convox:secret@rack.example.org:5443/prefix/", "dev", "s1")

    assert (endpoint.scheme, endpoint.host, endpoint.port) == ("https", "rack.example.org", 5443)
    assert endpoint.prefix == "/prefix"
    assert credentials(endpoint) == "convox:secret"
    assert (endpoint.rack, endpoint.session, endpoint.name) == (
        "dev",
        "s1",
        "rack.example.org:5443",
    )


def test_the_port_of_the_scheme_is_not_named() -> None:
    assert Endpoint("https://h").name == "h"
    assert Endpoint("http://h:80").name == "h"
    assert Endpoint("http://[::1]:81").name == "[::1]:81"


def test_a_unix_socket_needs_no_host() -> None:
    endpoint = Endpoint("unix:///run/rack.sock")

    assert (endpoint.host, endpoint.name, endpoint.where) == (
        "/run/rack.sock",
        "localhost",
        "/run/rack.sock",
    )


def test_a_token_without_a_password_has_no_colon() -> None:
    assert credentials(Endpoint("https://tok@h")) == "tok"


def test_credentials_are_escaped_as_the_existing_client_escapes_them() -> None:
    """From a recording: the password deploy/key:1."""
    endpoint = Endpoint("https://convox:deploy%2Fkey%3A1@h")

    assert endpoint.authorization == "Basic Y29udm94OmRlcGxveSUyRmtleSUzQTE="


@pytest.mark.parametrize("url", ["", "h:5443", "ftp://h", "https://", "https://h:port", "://h"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match="invalid rack address"):
        Endpoint(url)


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(InvalidError) as caught:
        Endpoint("https//convox:hunter2@h")

    assert "hunter2" not in caught.value.wire


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_what_is_quoted_comes_back(text: str) -> None:
    assert unquote(quote(text)) == text


@pytest.mark.parametrize(("text", "expected"), [("%", "%"), ("%zz", "%zz"), ("a%2", "a%2")])
def test_what_is_no_encoding_stays(text: str, expected: str) -> None:
    assert unquote(text) == expected


def test_a_form_is_sorted_and_spaces_are_plus() -> None:
    assert form({"b": "x y", "a": "1&2=3", "é": "+"}) == "a=1%262%3D3&b=x+y&%C3%A9=%2B"
