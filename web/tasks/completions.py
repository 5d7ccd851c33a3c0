"""Routes by which pages have small things asked of the task model.

Source: contract, routes of the area tasks; the names of 0.12.4 beside those of 0.6.5.
"""

import re
from typing import Any

from flask import Blueprint, Response

from shared.config.options import option
from shared.errors import NotFound
from shared.kinds.inference import RUN_TASK, RunTask, SmallTask
from shared.queue import Subject
from shared.services import models
from web.api import endpoint
from web.auth import current_user
from web.completions.routes import answer
from web.completions.schemas import CompletionForm
from web.errors import Status
from web.models.routes import ensure_offer
from web.stream.waiting import ask
from web.tasks.schemas import (
    AutocompleteForm,
    EmojiForm,
    MergeForm,
    MessagesForm,
    QueriesForm,
)

bp = Blueprint("small_tasks", __name__)

_PATIENCE_S = 120.0
_UNKNOWN = {404: "Unknown model"}
_MERGE = """Several models were asked the same:
\"\"\"{{prompt}}\"\"\"

Their answers:
{{responses}}

Write one answer out of these. Weigh them against each other, keep what is right and useful, leave
out what is wrong or said twice, and do not mention that there were several. Use the language of the
question."""


def _asked(task: RunTask) -> dict[str, Any]:
    """Have a task done, and give the task model's completion.

    Raises:
        Status: No such model for this user.
        UpstreamFailed: The model does not answer.
    """
    ensure_offer()
    try:
        models.find_visible(current_user(), task.model)
    except NotFound:
        raise Status(404, "Model not found") from None
    found = ask(RUN_TASK, task, Subject(current_user().id), _PATIENCE_S)
    return {**found["completion"], "model": task.model}


def _add_task(task: SmallTask, path: str, summary: str, switch: str = "") -> None:
    """Add the route of a task about messages.

    Args:
        summary: What it does, for the document.
        switch: The option that allows it, when there is one; where that is off the answer says so.
    """

    def find(body: MessagesForm) -> dict[str, Any]:
        if switch and not option(switch):
            return {"detail": f"{path.replace('_', '-').capitalize()} generation is disabled"}
        return _asked(RunTask(task=task, model=body.model, messages=body.messages))

    find.__name__, find.__doc__ = f"find_{task}", summary
    view = endpoint(body=MessagesForm, transaction=None, errors=_UNKNOWN)(find)
    bp.post(f"/{path}/completions")(view)


_add_task("title", "title", "Find a title for messages.", "ENABLE_TITLE_GENERATION")
_add_task("tags", "tags", "Find tags for messages.", "ENABLE_TAGS_GENERATION")
_add_task(
    "follow_ups",
    "follow_up",
    "Find what the user may want to ask next.",
    "ENABLE_FOLLOW_UP_GENERATION",
)
_add_task("image_prompt", "image_prompt", "Describe the picture that the user wishes for.")


@bp.post("/queries/completions")
@endpoint(body=QueriesForm, transaction=None, errors={400: "Switched off", **_UNKNOWN})
def find_queries(body: QueriesForm) -> dict[str, Any]:
    """Say what to search for."""
    if body.type == "web_search" and not option("ENABLE_SEARCH_QUERY_GENERATION"):
        raise Status(400, "Search query generation is disabled")
    if body.type == "retrieval" and not option("ENABLE_RETRIEVAL_QUERY_GENERATION"):
        raise Status(400, "Query generation is disabled")
    about = {"messages": body.messages, "prompt": body.prompt or ""}
    return _asked(RunTask(task="queries", model=body.model, **about))


@bp.post("/auto/completions")
@endpoint(body=AutocompleteForm, transaction=None, errors={400: "Switched off", **_UNKNOWN})
def complete_text(body: AutocompleteForm) -> dict[str, Any]:
    """Say how a text goes on."""
    if not option("ENABLE_AUTOCOMPLETE_GENERATION"):
        raise Status(400, "Autocompletion generation is disabled")
    longest = option("AUTOCOMPLETE_GENERATION_INPUT_MAX_LENGTH")
    if 0 < longest < len(body.prompt):
        raise Status(400, f"Input prompt exceeds maximum length of {longest}")
    words = {"TYPE": body.type or "general", "PROMPT": body.prompt}
    about = {"messages": body.messages, "prompt": body.prompt, "words": words}
    return _asked(RunTask(task="autocomplete", model=body.model, **about))


@bp.post("/emoji/completions")
@endpoint(body=EmojiForm, transaction=None, errors=_UNKNOWN)
def find_emoji(body: EmojiForm) -> dict[str, Any]:
    """Find an emoji for a text."""
    return _asked(RunTask(task="emoji", model=body.model, prompt=body.prompt))


@bp.post("/moa/completions")
@endpoint(body=MergeForm, transaction=None, errors=_UNKNOWN)
def merge_answers(body: MergeForm) -> Response:
    """Let a model make one answer out of several, as a stream or in one piece."""
    words = {"prompt": body.prompt, "responses": _listed(body.responses)}
    # In one go: what users and models wrote must not be taken for placeholders.
    text = re.sub(r"\{\{(prompt|responses)\}\}", lambda found: words[found[1]], _MERGE)
    question = {"role": "user", "content": text}
    form = CompletionForm(model=body.model, messages=[question], stream=bool(body.stream))
    try:
        return answer(current_user(), form)
    except NotFound:
        raise Status(404, "Model not found") from None


def _listed(responses: list[str]) -> str:
    return "\n\n".join(f'"""{response}"""' for response in responses)
