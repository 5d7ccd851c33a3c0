"""Asking the task model: which one it is, how it is asked, and the JSON in what it says."""

from typing import Any, NamedTuple

import orjson

from shared.config.options import option
from shared.services import accounts, connections, direct, models
from workers import spending
from workers.inference import prompts
from workers.live import Running
from workers.providers import provider_for
from workers.providers.base import Answering
from workers.providers.behalf import asking_for
from workers.providers.line import Cut


def task_route(
    user: accounts.Principal, chat_model: str, model_item: dict[str, Any] | None = None
) -> models.Route:
    """Choose the model for small tasks: the configured one for that kind of chat model, else the
    chat's own.

    Args:
        model_item: The page's model, where its browser asks it.

    Raises:
        NotFound: There is no such model for the user, and none is configured.
    """
    if model_item is not None and model_item.get("id") == chat_model:
        own = direct.route(chat_model)
    else:
        own = models.route(user, chat_model)
    is_ollama = own.connection.kind == connections.OLLAMA
    configured = option("TASK_MODEL" if is_ollama else "TASK_MODEL_EXTERNAL")
    found = models.anybodys_route(configured) if configured else None
    return found or own


class _Task(NamedTuple):
    """How one small task is asked.

    Attributes:
        template: The option that holds an admin's own prompt; empty when there is none.
    """

    template: str
    built_in: str
    max_tokens: int


_TASKS = {
    "title": _Task("TITLE_GENERATION_PROMPT_TEMPLATE", prompts.TITLE, 1000),
    "tags": _Task("TAGS_GENERATION_PROMPT_TEMPLATE", prompts.TAGS, 300),
    "follow_ups": _Task("FOLLOW_UP_GENERATION_PROMPT_TEMPLATE", prompts.FOLLOW_UPS, 500),
    "image_prompt": _Task("IMAGE_PROMPT_GENERATION_PROMPT_TEMPLATE", prompts.PICTURE, 300),
    "queries": _Task("QUERY_GENERATION_PROMPT_TEMPLATE", prompts.QUERIES, 300),
    "autocomplete": _Task("AUTOCOMPLETE_GENERATION_PROMPT_TEMPLATE", prompts.AUTOCOMPLETE, 100),
    # Source: contract, chat-flow §12 (an emoji is four tokens at most).
    "emoji": _Task("", prompts.EMOJI, 4),
}


def body_for(
    task: str,
    route: models.Route,
    messages: list[dict[str, Any]],
    user_name: str,
    prompt: str = "",
    words: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Write the request for a small task.

    Args:
        messages: What it is about, `{"role", "content"}` with texts.
        prompt, words: See `prompts.fill`.
    """
    asked = _TASKS[task]
    template = (option(asked.template) if asked.template else "") or asked.built_in
    filled = prompts.fill(template, messages, user_name, prompt, words)
    return {
        "model": route.upstream_id,
        "messages": [{"role": "user", "content": filled}],
        "max_tokens": asked.max_tokens,
    }


def completion_of(
    job: Running,
    user: accounts.Principal,
    provider: Answering,
    body: dict[str, Any],
    task: str | None = None,
) -> dict[str, Any]:
    """Ask for a whole answer, which ends with the job.

    Args:
        task: What it is for, see `behalf.asking_for`.

    Raises:
        Stopped: The job has to end.
        ProviderError: The model does not answer.
    """
    cut = Cut()
    with job.abortable(cut.set), asking_for(user, task):
        return provider.complete(body, cut)


def json_beside(
    job: Running, user: accounts.Principal, route: models.Route, body: dict[str, Any], task: str
) -> dict[str, Any]:
    """Ask a model for JSON beside the answer that a job is for, and count what that costs; errors
    as those of `completion_of`.
    """
    with spending.counted(user.id, route, body) as spent:
        spent.of_completion(completion_of(job, user, provider_for(route.connection), body, task))
    return json_in(spent.text)


def completion_for_itself(
    job: Running,
    user: accounts.Principal,
    asked: tuple[models.Route, Answering],
    body: dict[str, Any],
    task: str,
) -> tuple[dict[str, Any], str]:
    """Ask a model for that for which alone the job is there, and note what it costs; errors as
    those of `completion_of`.

    Returns:
        The completion, and its text.
    """
    route, provider = asked
    spent = spending.Spent(body)
    with spending.not_twice(job):
        completion = completion_of(job, user, provider, body, task)
    spent.of_completion(completion)
    job.cost = route.model_id, spent.tokens() - job.inside
    return completion, spent.text


def text_of(message: dict[str, Any]) -> str:
    """Give the text of a message, whatever else stands in it."""
    content = message.get("content")
    if isinstance(content, str):
        return prompts.without_details(content)
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def json_in(text: str) -> dict[str, Any]:
    """Read the JSON object in a model's answer, from the first brace to the last; {} when there is
    none.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        found = orjson.loads(text[start : end + 1])
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
