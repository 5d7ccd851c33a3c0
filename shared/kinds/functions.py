"""Kinds of jobs that call functions of the installation for a page."""

from typing import Any

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class RunAction(Payload):
    """Run the action that a user has chosen below an answer.

    Attributes:
        action_id: Of the function; behind a dot the one of its actions that is meant.
        shown_model: The model below whose answer it stands.
        chat: As the page sends it, see the contract's `/api/chat/actions`.
    """

    action_id: str
    shown_model: str
    chat: dict[str, Any]


RUN_ACTION = JobSpec("functions.run_action", INTERACTIVE, RunAction, texts=("chat",))

SPECS = (RUN_ACTION,)
