"""From what the engine and its SDK raise to the errors that users see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import APIError, DockerException
from requests.exceptions import ReadTimeout, RequestException

from convox.core.errors import (
    ConflictError,
    ConvoxError,
    FailedError,
    NotFoundError,
    UnavailableError,
)


def refusal(status: int, message: str, doing: str) -> ConvoxError:
    """Return the error for an answer of the engine that is not a success.

    Args:
        status: HTTP status of the answer.
        message: the engine's own words.
        doing: what was asked, as in "start container 0123".
    """
    words = message.strip().rstrip(".")
    words = words[:1].lower() + words[1:]
    if status == 404:
        return NotFoundError(f"cannot {doing}", why=words)
    if status == 409:
        return ConflictError(f"cannot {doing}", why=words)
    return FailedError(f"cannot {doing}", why=words)


def unreachable(address: str) -> UnavailableError:
    """Return the error for an engine that does not answer."""
    return UnavailableError(
        f"the Docker engine does not answer at {address}",
        fix="start it: systemctl start docker",
    )


@contextmanager
def translated(address: str, doing: str) -> Iterator[None]:
    """Turn what the SDK raises inside into our errors.

    Raises:
        NotFoundError: the thing is not there.
        ConflictError: it is in a state that forbids the request.
        UnavailableError: the engine is down, or did not answer in time.
        FailedError: anything else that the engine refused.
    """
    try:
        yield
    except APIError as error:
        raise refusal(error.status_code or 500, error.explanation or str(error), doing) from error
    except (RequestException, DockerException, OSError) as error:
        # Over a unix socket the SDK's time-outs come as errors of the connection.
        if isinstance(error, ReadTimeout) or "timed out" in str(error):
            why = "the Docker engine took too long"
            raise UnavailableError(f"cannot {doing}", why=why) from error
        raise unreachable(address) from error
