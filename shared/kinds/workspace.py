"""Kinds of jobs for the things of the workspace."""

from typing import Literal

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class FetchSource(Payload):
    """Fetch the source of a tool or a function from an address that a user gives."""

    url: str


class DescribePlugin(Payload):
    """Load a tool or a function, and keep what it is."""

    noun: Literal["tool", "function"]
    id: str


FETCH_SOURCE = JobSpec("workspace.fetch_source", INTERACTIVE, FetchSource, is_visible=False)

DESCRIBE_PLUGIN = JobSpec(
    "workspace.describe_plugin", INTERACTIVE, DescribePlugin, is_visible=False
)

SPECS = (FETCH_SOURCE, DESCRIBE_PLUGIN)
