"""Small tasks: what the task model is asked, after an answer or for a client that waits."""

from typing import Any, NamedTuple

from shared import db
from shared.config.options import option
from shared.kinds.inference import RunTask
from shared.services.models import Route
from workers.filters.small import Matter, through_pipelines
from workers.inference import prompts
from workers.inference.asking import task_route, text_of
from workers.inference.chat import owner_of
from workers.live import Running
from workers.providers import provider_for
from workers.providers.behalf import asking_for
from workers.providers.line import Cut


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
    route: Route,
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


class TaskTurn:
    """Does a small task for a client that waits for the model's own answer."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, RunTask)  # noqa: S101 -- for the type checker: the kind decides
        self._job, asked = job, job.payload
        self._task = asked.task
        with db.reading():
            self._owner = owner_of(job)
            self._route = task_route(self._owner, asked.model)
        said = [{"role": str(m.get("role")), "content": text_of(m)} for m in asked.messages]
        about = (asked.prompt, asked.words)
        self._body = body_for(asked.task, self._route, said, self._owner.name, *about)
        self._matter = Matter(asked.task, asked.model, asked.messages)
        self._completion: dict[str, Any] = {}

    def do(self) -> None:
        """Ask.

        Raises:
            FilterFailed: A pipeline does not let it pass.
        """
        passed = self._job, self._owner, self._route, self._body, self._matter
        route, body = through_pipelines(*passed)
        cut = Cut()
        with self._job.abortable(cut.set), asking_for(self._owner, self._task):
            self._completion = provider_for(route.connection).complete(body, cut)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give the completion as it came."""
        return {"completion": self._completion, "usage": self._completion.get("usage")}
