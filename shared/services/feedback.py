"""Feedback: users rate answers, admins read the ratings."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import defer

from shared import db
from shared.errors import NotFound
from shared.ids import new_id, now_s
from shared.models.chat import Chat, ChatMessage
from shared.models.feedback import Feedback
from shared.services import access, messages
from shared.services.accounts import Principal


@dataclass(frozen=True)
class Draft:
    """What somebody says of an answer."""

    type: str
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    snapshot: dict[str, Any] | None


def every(with_snapshots: bool = False) -> list[Feedback]:
    """List all feedback, newest change first; snapshots are large, and read only when wanted."""
    query = select(Feedback).order_by(Feedback.updated_at.desc(), Feedback.id.desc())
    if not with_snapshots:
        query = query.options(defer(Feedback.snapshot))
    return list(db.session().scalars(query))


def of_user(user_id: str) -> list[Feedback]:
    """List what a user has said, newest change first, without snapshots."""
    query = select(Feedback).where(Feedback.user_id == user_id).options(defer(Feedback.snapshot))
    return list(
        db.session().scalars(query.order_by(Feedback.updated_at.desc(), Feedback.id.desc()))
    )


def find(user: Principal, feedback_id: str, action: str = "read") -> Feedback:
    """Give feedback to those who may have it.

    Raises:
        NotFound: There is none, or not for this user; the two are not told apart.
    """
    row = db.session().get(Feedback, feedback_id)
    if row is None or not access.can(user, action, row):
        raise NotFound
    return row


def create(user: Principal, draft: Draft) -> Feedback:
    """Keep what a user says of an answer."""
    row = Feedback(id=new_id(), user_id=user.id, version=0, created_at=now_s())
    _fill(row, _of_who_answered(user, draft))
    db.session().add(row)
    return row


def change(user: Principal, feedback_id: str, draft: Draft) -> Feedback:
    """Let an author say it anew; what the form does not give stays.

    Raises:
        NotFound: As `find`.
    """
    row = find(user, feedback_id, "write")
    kept = Draft(
        draft.type,
        row.data if draft.data is None else draft.data,
        row.meta if draft.meta is None else draft.meta,
        row.snapshot if draft.snapshot is None else draft.snapshot,
    )
    _fill(row, kept)
    return row


def _of_who_answered(user: Principal, draft: Draft) -> Draft:
    """Let a rating be that of the model that has answered, where its client knows only the name in
    the arena: that one is compared with nobody.
    """
    data, meta = draft.data or {}, draft.meta or {}
    answer = _answer(user, meta.get("chat_id"), meta.get("message_id"))
    picked = answer.data.get("selectedModelId") if answer is not None else None
    if answer is None or not isinstance(picked, str) or data.get("model_id") != answer.model:
        return draft
    return replace(draft, data={**data, "model_id": picked}, meta={**meta, "arena": True})


def _answer(user: Principal, chat_id: Any, message_id: Any) -> ChatMessage | None:
    """Find the message that is rated, if it stands in a chat of the user's."""
    if not messages.is_id(chat_id) or not messages.is_id(message_id):
        return None
    chat = db.session().get(Chat, chat_id)
    if chat is None or not access.can(user, "read", chat):
        return None
    return messages.find(chat.id, message_id)


def _fill(row: Feedback, draft: Draft) -> None:
    row.type, row.data, row.meta = draft.type, draft.data, draft.meta
    row.snapshot, row.updated_at = draft.snapshot, now_s()


def remove(user: Principal, feedback_id: str) -> None:
    """Delete feedback: its author or an admin.

    Raises:
        NotFound: As `find`.
    """
    db.session().delete(find(user, feedback_id, "delete"))


def remove_all(user_id: str | None = None) -> None:
    """Delete all feedback, or all of one user."""
    query = delete(Feedback)
    db.session().execute(query if user_id is None else query.where(Feedback.user_id == user_id))
