"""What can go wrong with a provider, in our words; nothing else leaves this package."""

from shared.errors import SwitchyardError
from shared.errors import Unavailable as PartUnavailable


class ProviderError(SwitchyardError):
    """A provider did not give what was asked of it.

    Args:
        message: Host, what happened, and the provider's own words; safe to show, never holds a key.
        status: HTTP status of the provider's answer, when there was one.
        retry_after: Seconds after which the provider asks to be tried again.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Unavailable(ProviderError, PartUnavailable):
    """The provider does not answer now; it may pass by itself."""


class Refused(ProviderError):
    """The provider will not answer this, however often it is asked."""


class Aborted(SwitchyardError):
    """The answer was ended by `Stream.abort`."""

    def __init__(self) -> None:
        super().__init__("The answer was stopped.")
