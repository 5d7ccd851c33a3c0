"""Kinds of jobs that let filters see what no other job writes."""

from typing import Any

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class RunOutlet(Payload):
    """Let the outlet filters of a model see a chat whose answer was not written here.

    Attributes:
        chat: As the page sends it, see the contract's `/api/chat/completed`.
    """

    model: str
    chat: dict[str, Any]


RUN_OUTLET = JobSpec(
    "filters.run_outlet", INTERACTIVE, RunOutlet, is_visible=False, texts=("chat",)
)

SPECS = (RUN_OUTLET,)
