"""Errors that say what happened; the borders of web and workers turn them into a status, a retry or
an event.
"""


class SwitchyardError(Exception):
    """Base of all errors that this project raises on purpose.

    Args:
        message: What happened, in words that may be shown to a user.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().split("\n")[0])

    @property
    def message(self) -> str:
        """The text that a client may see."""
        return str(self.args[0])


class NotFound(SwitchyardError):
    """There is no such thing, or it is not yours to see."""


class Forbidden(SwitchyardError):
    """You may not do this."""


class NotSignedIn(SwitchyardError):
    """Not authenticated"""


class BadSession(SwitchyardError):
    """This sign-in has ended or was never good. Please sign in again."""


class Invalid(SwitchyardError):
    """The request cannot be carried out as it stands."""


class Conflict(SwitchyardError):
    """This is already used."""


class Busy(SwitchyardError):
    """Too many requests.

    Args:
        message: What is exhausted.
        retry_after_s: Seconds after which another try makes sense.
    """

    def __init__(self, message: str = "", retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(SwitchyardError):
    """A part that we depend on does not answer; it may pass by itself."""


class UpstreamFailed(SwitchyardError):
    """A job that a client waited for has failed; the message is the job's own."""
