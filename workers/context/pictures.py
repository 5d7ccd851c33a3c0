"""A picture that belongs to an answer: described by the task model, painted by a job of its own."""

import logging
from typing import Any

from shared.config.options import option
from shared.errors import SwitchyardError
from shared.kinds.images import PAINT, Paint
from shared.services.accounts import Principal
from workers.asking import ask
from workers.context import queries
from workers.filters.small import Matter
from workers.live import Running, Stopped

log = logging.getLogger(__name__)

_LONGEST = 4000
MADE = "A picture was made of the user's wish and is shown to them already. Say so in a few words."
NOT_MADE = "The picture that the user wished for could not be made. Say so. The reason: "


def described(job: Running, user: Principal, model: str, messages: list[dict[str, Any]]) -> str:
    """Let the task model describe the picture; where it says nothing of use the question does.

    Raises:
        Stopped: The job has to end.
    """
    question = queries.last_question(messages)
    if not option("ENABLE_IMAGE_PROMPT_GENERATION"):
        return question
    try:
        said = queries.asked_for(job, user, Matter("image_prompt", model, messages))
    except Stopped:
        raise
    except SwitchyardError as error:
        log.info("the picture is described by the question: %s", error)
        return question
    found = said.get("prompt")
    return found.strip()[:_LONGEST] if isinstance(found, str) and found.strip() else question


def painted(job: Running, user: Principal, prompt: str) -> list[dict[str, Any]]:
    """Have a picture painted; gives what the message keeps of it.

    Raises:
        Stopped: The job has to end.
        UpstreamFailed: It was not painted; the message says why.
    """
    [found] = ask(job, [(PAINT, Paint(prompt=prompt, user_id=user.id))])
    return [{"type": "image", "url": image["url"]} for image in found["images"]]
