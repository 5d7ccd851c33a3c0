"""What a model's row adds to a request: its parameters and its system prompt."""

from typing import Any

from shared.services import parameters
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.inference import prompts


def applied(
    body: dict[str, Any], route: Route, user: Principal, variables: dict[str, str]
) -> dict[str, Any]:
    """Write a request as a model's row wants it.

    Args:
        body: The request as the client wants it; not changed.
        route: Where it goes, with the row's parameters.
        user: For whom.
        variables: What the client puts for placeholders, `{"{{NAME}}": "value"}`.
    """
    upper = parameters.as_request(route.params, route.connection.kind)
    made = {**parameters.laid_over(body, upper), "model": route.upstream_id}
    system = route.params.get("system")
    if isinstance(system, str) and system.strip():
        filled = prompts.fill_words(system, user.name, variables)
        made["messages"] = _with_system(body.get("messages") or [], filled)
    return made


def _with_system(messages: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Put a text in front of the system message, or make it one."""
    if not messages or messages[0].get("role") != "system":
        return [{"role": "system", "content": text}, *messages]
    first = messages[0]
    content = first.get("content") or ""
    if isinstance(content, list):
        return [{**first, "content": [{"type": "text", "text": text}, *content]}, *messages[1:]]
    return [{**first, "content": f"{text}\n{content}"}, *messages[1:]]
