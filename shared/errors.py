"""Errors that say what happened; the borders of web and workers turn them into a status, a retry or
an event.
"""

from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why something failed, in a word for programs: it travels in a job's last event, beside the
    words for people. See docs/events.md.
    """

    BAD_REQUEST = "bad_request"
    FORBIDDEN = "forbidden"
    INTERNAL = "internal"
    MISCONFIGURED = "misconfigured"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"


class SwitchyardError(Exception):
    """Base of all errors that this project raises on purpose.

    Args:
        message: What happened, in words that may be shown to a user.

    Attributes:
        reason: One of `Reason`, or a word of a newer process.
        retry_after_s: Seconds after which another try makes sense, where that is known.
        upstream_status: HTTP status of the foreign server that has refused, where one has.
    """

    reason: str = Reason.INTERNAL
    retry_after_s: float | None = None
    upstream_status: int | None = None

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().split("\n")[0])

    @property
    def message(self) -> str:
        """The text that a client may see."""
        return str(self.args[0])


class NotFound(SwitchyardError):
    """There is no such thing, or it is not yours to see."""

    reason = Reason.NOT_FOUND


class UnknownModel(NotFound):
    """There is no such model, or it is not yours to use."""


class Forbidden(SwitchyardError):
    """You may not do this."""

    reason = Reason.FORBIDDEN


class NotSignedIn(SwitchyardError):
    """Not authenticated"""

    reason = Reason.FORBIDDEN


class BadSession(SwitchyardError):
    """This sign-in has ended or was never good. Please sign in again."""

    reason = Reason.FORBIDDEN


class Invalid(SwitchyardError):
    """The request cannot be carried out as it stands."""

    reason = Reason.BAD_REQUEST


class Conflict(SwitchyardError):
    """This is already used."""

    reason = Reason.BAD_REQUEST


class Busy(SwitchyardError):
    """Too many requests.

    Args:
        message: What is exhausted.
        retry_after_s: Seconds after which another try makes sense.
    """

    reason = Reason.RATE_LIMITED

    def __init__(self, message: str = "", retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(SwitchyardError):
    """A part that we depend on does not answer; it may pass by itself."""

    reason = Reason.UNAVAILABLE
    retry_after_s = 2.0


class UpstreamFailed(SwitchyardError):
    """A job that a client waited for has failed.

    Args:
        ending: Data of the job's last event: words, reason, patience and the foreign server's
            status are the job's own.
    """

    def __init__(self, ending: dict[str, Any]) -> None:
        super().__init__(ending.get("error") or "It was cancelled.")
        self.reason = ending.get("reason", Reason.INTERNAL)
        self.retry_after_s = ending.get("retry_after_s")
        self.upstream_status = ending.get("upstream_status")
