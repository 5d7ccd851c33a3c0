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


class TryPlugin(Payload):
    """Load a source that is not stored yet, and tell what is in it.

    Attributes:
        id: What the tool or the function is to be called.
    """

    noun: Literal["tool", "function"]
    id: str
    content: str


FETCH_SOURCE = JobSpec("workspace.fetch_source", INTERACTIVE, FetchSource, is_visible=False)

DESCRIBE_PLUGIN = JobSpec(
    "workspace.describe_plugin", INTERACTIVE, DescribePlugin, is_visible=False
)

TRY_PLUGIN = JobSpec(
    "workspace.try_plugin", INTERACTIVE, TryPlugin, is_visible=False, texts=("content",)
)

SPECS = (FETCH_SOURCE, DESCRIBE_PLUGIN, TRY_PLUGIN)
