"""What a plugin may look at of its user: models, chats, files. What is another's is not there."""

from typing import Any

from shared import db
from shared.errors import NotFound
from shared.models.file import File
from shared.services import access, live_answers, messages
from shared.services import chats as chats_of
from shared.services import files as files_of
from shared.services import models as models_of
from shared.services.accounts import Principal
from workers.plugins.base import Tell, Values
from workers.providers.line import Cut

_MOST = 100
# What only this server needs to know of a model.
_HIDDEN = ("mark", "connection")


def models(user: Principal, _given: Values, _tell: Tell, _cut: Cut) -> list[dict[str, Any]]:
    """List the models that the user may use."""
    return [_shown(model) for model in models_of.visible_to(user)]


def model(user: Principal, given: Values, _tell: Tell, _cut: Cut) -> dict[str, Any] | None:
    """Give a model of this `id`."""
    try:
        return _shown(models_of.find_visible(user, str(given.get("id"))))
    except NotFound:
        return None


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in _HIDDEN}


def chats(user: Principal, given: Values, _tell: Tell, _cut: Cut) -> list[dict[str, Any]]:
    """List the user's chats without their messages, newest change first: `limit` of them behind
    the first `skip`.
    """
    skip, limit = _number(given.get("skip"), 0), _number(given.get("limit"), _MOST)
    with db.reading():
        found = chats_of.portion_of(chats_of.titles(user.id), skip, min(limit, _MOST))
    return [row._asdict() for row in found]


def _number(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and value >= 0 else otherwise


def chat(user: Principal, given: Values, _tell: Tell, _cut: Cut) -> dict[str, Any] | None:
    """Give a chat of this `id` with all its messages, as the API does."""
    try:
        with db.reading():
            found = chats_of.find(str(given.get("id")))
            if not access.can(user, "read", found):
                return None
            rows = messages.of_chat(found.id)
            return chats_of.as_json(found, rows, live_answers.of_messages(rows))
    except NotFound:
        return None


def files(user: Principal, _given: Values, _tell: Tell, _cut: Cut) -> list[dict[str, Any]]:
    """List the user's own files without their texts, newest first."""
    with db.reading():
        found = [one for one in files_of.listed(user, False) if one.user_id == user.id]
    return [as_json(one) for one in found[:_MOST]]


def file(user: Principal, given: Values, _tell: Tell, _cut: Cut) -> dict[str, Any] | None:
    """Give a file of this `id` with its text."""
    try:
        with db.reading():
            found = files_of.find(user, str(given.get("id")))
            return as_json(found, files_of.content_of(found))
    except NotFound:
        return None


def as_json(file: File, content: str | None = None) -> dict[str, Any]:
    """Write a file as plugins know it; its path is for `read_file`, and none of this machine."""
    about = {"name": file.filename, "content_type": file.content_type, "size": file.size_bytes}
    return {
        "id": file.id,
        "user_id": file.user_id,
        "hash": file.digest,
        "filename": file.filename,
        "path": f"uploads/{file.key}",
        "data": {"content": content} if content is not None else {},
        "meta": {**file.meta, **about},
        "created_at": file.created_at,
        "updated_at": file.updated_at,
    }
