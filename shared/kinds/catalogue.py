"""Kinds of jobs that ask connections about themselves."""

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class RefreshModels(Payload):
    """Ask every connection for its models."""


class CallConnection(Payload):
    """Ask a connection one thing on behalf of an admin: one that is configured, or one that is
    being tried.
    """

    kind: str
    question: str
    index: int | None = None
    url: str = ""
    sealed: str = ""


REFRESH_MODELS = JobSpec("catalogue.refresh_models", INTERACTIVE, RefreshModels, is_visible=False)
CALL_CONNECTION = JobSpec(
    "catalogue.call_connection", INTERACTIVE, CallConnection, is_visible=False
)

SPECS = (REFRESH_MODELS, CALL_CONNECTION)
