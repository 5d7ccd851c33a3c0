"""Pipelines that see what the task model is asked, before it does.

Source: contract, chat-flow §12 (what stands in `metadata`).
"""

from dataclasses import dataclass
from typing import Any

from shared import db
from shared.services import models
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.filters.base import Body, FilterFailed, Job, are_objects
from workers.filters.chain import pipelines_on
from workers.providers.behalf import TASK_NAMES

_NOT_ASKED = ("metadata", "stream", "files", "features", "tool_ids")


@dataclass(frozen=True)
class Matter:
    """What a task model is asked about.

    Attributes:
        task: One of `behalf.TASK_NAMES`.
        model: The chat's model.
        messages: The chat, or what of it matters.
        chat_id: The chat as the page knows it.
    """

    task: str
    model: str
    messages: list[dict[str, Any]]
    chat_id: str | None = None

    @property
    def as_metadata(self) -> Body:
        """What filters are told beside the request."""
        asked = {"model": self.model, "messages": self.messages, "chat_id": self.chat_id}
        return {"task": TASK_NAMES[self.task], "task_body": asked, "chat_id": self.chat_id}


def through_pipelines(
    job: Job, user: Principal, route: Route, body: Body, matter: Matter
) -> tuple[Route, Body]:
    """Let the pipelines of a task model see and change what it is asked.

    Returns:
        Where it goes, which a pipeline may have changed, and the request.

    Raises:
        FilterFailed: One does not let it pass.
        NotFound: It was sent to a model that the user has not.
        Stopped: The job has to end.
    """
    with db.reading():
        asked = pipelines_on(job, user, route)
    if not asked:
        return route, body
    about = {**matter.as_metadata, "user_id": job.claim.user_id}
    made = {**body, "model": route.model_id, "stream": False, "metadata": about}
    for one in asked:
        made = one.inlet(made)
    model = made.get("model")
    if not isinstance(model, str) or not are_objects(made.get("messages")):
        raise FilterFailed("A filter gave back something that is no chat completion request.")
    if model != route.model_id:
        with db.reading():
            route = models.route(user, model)
    kept = {name: value for name, value in made.items() if name not in _NOT_ASKED}
    return route, {**kept, "model": route.upstream_id}
