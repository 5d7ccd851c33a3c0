"""Lines that ask for responses: any model answers them, as a chat."""

from typing import Any

from pydantic import ValidationError

from shared.ids import new_id, now_s
from shared.models.job import COMPLETED
from shared.services.responses import shape
from shared.services.responses.asking import chat_request
from shared.services.responses.form import ResponseForm
from workers.providers.errors import Refused


def asked(body: dict[str, Any]) -> tuple[ResponseForm, dict[str, Any]]:
    """Read what a line asks, and write it as a chat completion's request.

    Raises:
        Refused: It is not of the right form, or wants what lines cannot have.
        Invalid: Chat completions cannot do it.
    """
    try:
        form = ResponseForm.model_validate(body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise Refused(f"{place}: {problem['msg']}", 400) from None
    for name in ("background", "previous_response_id"):
        if getattr(form, name):
            raise Refused(f"A line of a batch cannot have `{name}`.", 400)
    return form, chat_request(form, [])


def answered(form: ResponseForm, completion: dict[str, Any]) -> dict[str, Any]:
    """Write a chat completion as the response that was asked for."""
    job_id, now = new_id(), now_s()
    choice = (completion.get("choices") or [{}])[0]
    told = {
        "message": choice.get("message") or {},
        "finish_reason": choice.get("finish_reason"),
        "usage": completion.get("usage"),
    }
    about = {name: getattr(form, name) for name in shape.TOLD}
    return shape.skeleton(job_id, about, now) | shape.ended(COMPLETED, told, job_id, now)
