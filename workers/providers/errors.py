"""What can go wrong with a provider, in our words; nothing else leaves this package."""

from shared.errors import Reason, SwitchyardError
from shared.errors import Unavailable as PartUnavailable


class ProviderError(SwitchyardError):
    """A provider did not give what was asked of it.

    Args:
        message: Host, what happened, and the provider's own words; safe to show, never holds a key.
        upstream_status: HTTP status of the provider's answer, when there was one.
        retry_after_s: Seconds after which the provider asks to be tried again.
        reason: One of `Reason`; what the status means when not given.
    """

    def __init__(
        self,
        message: str,
        upstream_status: int | None = None,
        retry_after_s: float | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.upstream_status = upstream_status
        self.retry_after_s = retry_after_s
        self.reason = reason or reason_of(upstream_status)


def reason_of(status: int | None) -> str:
    """Tell what a provider's status means to those who asked us.

    That our key or our address is not accepted is not their fault, and nothing that they can mend.
    """
    if status is None or status >= 500:
        return Reason.TIMEOUT if status == 504 else Reason.UNAVAILABLE
    if status < 400:
        return Reason.MISCONFIGURED
    return _REASONS.get(status, Reason.BAD_REQUEST)


_REASONS = {
    401: Reason.MISCONFIGURED,
    402: Reason.MISCONFIGURED,
    403: Reason.MISCONFIGURED,
    407: Reason.MISCONFIGURED,
    408: Reason.TIMEOUT,
    425: Reason.UNAVAILABLE,
    429: Reason.RATE_LIMITED,
}


class Unavailable(ProviderError, PartUnavailable):
    """The provider does not answer now; it may pass by itself."""


class Refused(ProviderError):
    """The provider will not answer this, however often it is asked."""


class Aborted(SwitchyardError):
    """The answer was ended by `Stream.abort`."""

    def __init__(self) -> None:
        super().__init__("The answer was stopped.")
