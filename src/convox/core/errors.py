"""The one exception that a user may see, and its eight kinds.

A `ConvoxError` says what happened, why, and what to do. Its kind decides the HTTP status on the
wire and nothing else; no caller branches on a subclass that is not listed here. It may not carry
secrets: whatever is put in it reaches terminals and logs.
"""

from __future__ import annotations


class ConvoxError(Exception):
    """Something a user must hear about.

    Attributes:
        what: what happened, lower case, with names and values, no full stop.
        why: the cause in one sentence, when it is known and not already in `what`.
        fix: the command or the change that mends it; shown by our CLI, never sent on the wire.
        status: HTTP status of this kind.
    """

    status = 500

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    @property
    def wire(self) -> str:
        """The message as it travels: one line, without the fix."""
        return f"{self.what}: {self.why}" if self.why else self.what


class NotFoundError(ConvoxError):
    """The named thing does not exist."""

    status = 404


class ConflictError(ConvoxError):
    """The thing exists in a state that forbids the request; 403 as the incumbent answers."""

    status = 403


class InvalidError(ConvoxError):
    """The request or a file cannot be accepted as it is; 500 as the incumbent answers.

    Source: wire.md section 4, "500 everything else (including validation errors)"; the existing
    client branches on 401 only, so the incumbent's status is kept.
    """

    status = 500


class DeniedError(ConvoxError):
    """The caller is known and may not do this; 401 on a rack's wire, as the incumbent answers."""

    status = 401


class UnauthenticatedError(ConvoxError):
    """The caller is not known."""

    status = 401


class UnavailableError(ConvoxError):
    """A part that is needed does not answer now: the engine, the router, a full pool."""

    status = 503


class FailedError(ConvoxError):
    """The work was tried and failed."""

    status = 500


class BugError(ConvoxError):
    """The program broke its own rules; the message asks for a report."""

    status = 500
