"""The messages of a chat as other versions wrote them, brought into the form that is kept here."""

from typing import Any

from shared.services import messages

_ROLES = ("user", "assistant", "system", "tool")


def tree_of(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Give the messages of a chat by their ids, and how many there were that are none.

    Chats of old have a plain list: each of its messages follows the one before it.
    """
    history = body.get("history")
    told = history.get("messages") if isinstance(history, dict) else None
    if not isinstance(told, dict) or not told:
        told = _chained(body.get("messages"))
    found = {
        name: _mended(name, one, told)
        for name, one in told.items()
        if messages.is_id(name) and isinstance(one, dict)
    }
    return found, len(told) - len(found)


def _chained(listed: Any) -> dict[str, Any]:
    chain: dict[str, Any] = {}
    above: str | None = None
    for place, one in enumerate(listed if isinstance(listed, list) else []):
        told = one.get("id") if isinstance(one, dict) else None
        name = told if isinstance(told, str) and messages.is_id(told) else f"message-{place}"
        if above is not None:
            chain[above]["childrenIds"] = [name]
        chain[name] = {**(one if isinstance(one, dict) else {}), "id": name, "parentId": above}
        above = name
    return chain


def _mended(name: str, one: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Give a message whose links and columns have the form that they must have."""
    parent, children, model = (one.get(key) for key in ("parentId", "childrenIds", "model"))
    is_known = isinstance(parent, str) and parent != name and isinstance(told.get(parent), dict)
    return {
        **one,
        "parentId": parent if is_known else None,
        "childrenIds": children if isinstance(children, list) else [],
        "role": one.get("role") if one.get("role") in _ROLES else _role(one),
        "content": _text(one.get("content")),
        "model": model if isinstance(model, str) else None,
    }


def _role(one: dict[str, Any]) -> str:
    """Guess who wrote a message that does not say so: answers name their model."""
    return "assistant" if one.get("model") or one.get("modelName") else "user"


def _text(content: Any) -> str:
    """Give a content as a text; some clients have stored the parts that they sent."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "\n".join(text for text in texts if isinstance(text, str))


def current_of(body: dict[str, Any], tree: dict[str, Any]) -> str | None:
    """Give the message at which a chat stands: the one that it names, else its last."""
    history = body.get("history")
    named = history.get("currentId") if isinstance(history, dict) else None
    if isinstance(named, str) and named in tree:
        return named
    return next(reversed(tree), None)
