"""Asking a model for a plugin: with the user's rights, and on the user's account."""

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from shared import db
from shared.errors import Invalid
from shared.ids import new_id
from shared.services import models, quotas
from shared.services.accounts import Principal
from shared.services.models import Route
from shared.services.quotas import Asker
from workers import spending
from workers.filters.chunks import Chunks
from workers.inference import preset
from workers.plugins.base import Tell, Values
from workers.providers import provider_for
from workers.providers.base import Event
from workers.providers.behalf import asking_for
from workers.providers.errors import Aborted
from workers.providers.line import Cut

# A pipe may ask another pipe, which may ask another; somewhere it has to end.
_DEEPEST = 4
# What plugins leave in a body that they pass on, and no provider understands.
_OURS = frozenset(
    (
        *("metadata", "chat_id", "id", "session_id", "params", "files", "tool_ids", "tool_servers"),
        *("features", "variables", "model_item", "background_tasks", "filter_ids", "parent_id"),
    )
)
_NO_WORDS = {"index": 0, "delta": {}, "finish_reason": None}
_depth: ContextVar[int] = ContextVar("completions_of_plugins", default=0)


def complete(user: Principal, given: Values, tell: Tell, cut: Cut) -> dict[str, Any] | None:
    """Ask a model.

    Args:
        given: As `body` a request in OpenAI's form; with `stream` the chunks of the answer are told
            as they come.

    Returns:
        The completion; None when it was told in chunks.

    Raises:
        Invalid: It is no request, or plugins have asked plugins too often.
        NotFound: There is no such model for the user.
        Busy: A quota is used up.
        ProviderError: The model does not answer.
    """
    body = _checked(given.get("body"))
    if _depth.get() >= _DEEPEST:
        raise Invalid("Functions ask one another for answers without end.")
    _depth.set(_depth.get() + 1)  # of this answer's own context
    with db.reading():
        route = models.route(user, body["model"])
    asked = preset.applied(body, route, user, {})
    held = quotas.admit(Asker(user.id, route.model_id), new_id(), asked, is_job=False)
    with asking_for(user), spending.counted(user.id, route, asked, held) as spent:
        if not given["body"].get("stream"):
            completion = provider_for(route.connection).complete(asked, cut)
            spent.of_completion(completion)
            return {**completion, "model": body["model"]}
        chunks = Chunks(body["model"])
        for events in _events(route, asked, cut):
            spent.of_events(events)
            for chunk in chunks.of(events):
                tell(_with_choice(chunk))
    return None


def _checked(body: Any) -> dict[str, Any]:
    """Take what a provider understands of a request.

    Raises:
        Invalid: It is none.
    """
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise Invalid("A completion wants the id of a model.")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise Invalid("A completion wants messages, each an object.")
    return {name: body[name] for name in body if name not in _OURS and name != "stream"}


def _with_choice(chunk: dict[str, Any]) -> dict[str, Any]:
    """Give a chunk that tells the usage a choice without words: plugins look at the first one."""
    return chunk if chunk["choices"] else {**chunk, "choices": [dict(_NO_WORDS)]}


def _events(route: Route, body: dict[str, Any], cut: Cut) -> Iterator[list[Event]]:
    stream = provider_for(route.connection).stream(body)
    cut.hold(stream.abort)
    try:
        yield from stream.batches()
    finally:
        cut.release()
        stream.close()
    if cut.is_set:
        raise Aborted
