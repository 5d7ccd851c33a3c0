"""The questions that are put to an index, or to the web, for a turn of a chat."""

import logging
from typing import Any

from shared import db
from shared.errors import SwitchyardError
from shared.services.accounts import Principal
from workers.filters.small import Matter, through_pipelines
from workers.inference.asking import body_for, json_beside, task_route, text_of
from workers.live import Running, Stopped

log = logging.getLogger(__name__)

_MOST, _LONGEST = 5, 500


def last_question(messages: list[dict[str, Any]]) -> str:
    """Give the text of the last message of the user."""
    asked = [text_of(one) for one in messages if one.get("role") == "user"]
    return asked[-1].strip() if asked else ""


def asked_by(
    job: Running, user: Principal, model: str, messages: list[dict[str, Any]], is_wanted: bool
) -> list[str]:
    """Let the task model say what to look for; a model that says nothing of use, or fails, leaves
    it at the question itself.

    Args:
        is_wanted: Whether the model is asked at all.

    Raises:
        Stopped: The job has to end.
    """
    question = last_question(messages)
    if not is_wanted or not question:
        return [question] if question else []
    try:
        said = asked_for(job, user, Matter("queries", model, messages))
    except Stopped:
        raise
    except SwitchyardError as error:
        log.info("the question is searched as it stands: %s", error)
        return [question]
    found = said.get("queries")
    queries = [q.strip()[:_LONGEST] for q in found if isinstance(q, str)] if found else []
    return [query for query in dict.fromkeys(queries) if query][:_MOST] or [question]


def asked_for(job: Running, user: Principal, matter: Matter) -> dict[str, Any]:
    """Ask the task model about a chat; gives the JSON object that it says, or {}.

    Raises:
        Stopped: The job has to end.
        SwitchyardError: The model does not answer, or a pipeline does not let it pass.
    """
    with db.reading():
        route = task_route(user, matter.model)
    said = [{"role": str(one.get("role")), "content": text_of(one)} for one in matter.messages]
    body = body_for(matter.task, route, said, user.name)
    route, body = through_pipelines(job, user, route, body, matter)
    return json_beside(job, user, route, body, matter.task)
