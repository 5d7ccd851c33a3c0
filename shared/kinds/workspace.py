"""Kinds of jobs for the things of the workspace."""

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class FetchSource(Payload):
    """Fetch the source of a tool or a function from an address that a user gives."""

    url: str


FETCH_SOURCE = JobSpec("workspace.fetch_source", INTERACTIVE, FetchSource, is_visible=False)

SPECS = (FETCH_SOURCE,)
