"""Asking the task model: which one it is, and the JSON in what it says."""

from typing import Any

import orjson

from shared.config.options import option
from shared.services import accounts, connections, direct, models
from workers.inference import prompts


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
