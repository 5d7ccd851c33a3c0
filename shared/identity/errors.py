"""What can come of asking who somebody is."""

from shared.errors import Forbidden, Unavailable


class Refused(Forbidden):
    """Nobody is known by that, or the proof is wrong."""


class Unreachable(Unavailable):
    """The service that knows who people are does not answer; the operators find more in the log."""
