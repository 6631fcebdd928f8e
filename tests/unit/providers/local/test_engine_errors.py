from __future__ import annotations

import pytest
from docker.errors import APIError, DockerException
from requests import Response
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from convox.core.errors import (
    ConflictError,
    FailedError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from convox.providers.local.engine_errors import refusal, translated


def raised(error):
    with pytest.raises(Exception) as caught, translated("unix:///x.sock", "start web"):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFoundError), (409, ConflictError), (500, FailedError)]
)
def test_a_refusal_says_what_was_asked_and_the_engines_words(status, kind):
    error = refusal(status, "No such image: x.\n", "start web")

    assert type(error) is kind
    assert error.wire == "cannot start web: no such image: x"


def test_an_answer_of_the_engine_keeps_its_kind():
    response = Response()
    response.status_code = 404

    error = raised(APIError("x", response, "No such container: c"))

    assert type(error) is NotFoundError
    assert error.wire == "cannot start web: no such container: c"


@pytest.mark.parametrize(
    "error", [RequestsConnectionError("x"), DockerException("x"), FileNotFoundError("x")]
)
def test_an_engine_that_is_gone_is_named_with_what_to_do(error):
    translated_error = raised(error)

    assert type(translated_error) is UnavailableError
    assert translated_error.what == "the Docker engine does not answer at unix:///x.sock"
    assert "systemctl start docker" in translated_error.fix


def test_an_engine_that_is_slow_is_not_called_gone():
    assert raised(ReadTimeout("x")).wire == "cannot start web: the Docker engine took too long"


@pytest.mark.parametrize("error", [InvalidError("mine"), ValueError("a bug")])
def test_other_errors_pass(error):
    assert raised(error) is error
