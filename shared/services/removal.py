"""Removing an account: nothing of the user is left but numbers for the accounts.

Every table with a `user_id` is emptied of the user's rows, also those of nouns that come later;
what needs more than that, and what outlives the user, stands here.
"""

from collections.abc import Callable
from typing import cast

from sqlalchemy import Table, delete, update

from shared import db, queue, relay
from shared.kinds.accounts import CLEAR_AWAY, ClearAway
from shared.models import Base, Channel, Function, Group, ModelRow
from shared.models.user import User
from shared.queue import Subject
from shared.services import collections, files, knowledge, memories

# Rows whose objects, vectors or members have to go with them.
_WITH_MORE: tuple[Callable[[str], None], ...] = (
    knowledge.remove_all_of,
    files.remove_all_of,
    memories.remove_all_of,
    collections.remove_all_of,
)
# There may be tens of thousands of these: a job deletes them, a few at a time.
_BY_A_JOB = ("chat", "chat_tag", "job")
# What was used stays in the sums of its day; see docs/quotas.md.
_KEPT = ("usage",)


def remove(user_id: str, heir_id: str) -> None:
    """Delete an account and all that is its own; what serves everybody goes to another admin.

    The account is gone at once. Its chats, which nobody can reach any more, follow by a job.

    Args:
        heir_id: Who gets the groups, functions, channels and settings of models that the user made.
    """
    for remove_all_of in _WITH_MORE:
        remove_all_of(user_id)
    _hand_over(user_id, heir_id)
    for table in reversed(Base.metadata.sorted_tables):
        if "user_id" in table.c and table.name not in (*_BY_A_JOB, *_KEPT):
            db.session().execute(delete(table).where(table.c.user_id == user_id))
    db.session().execute(delete(User).where(User.id == user_id))
    db.session().expire_all()
    queue.enqueue(CLEAR_AWAY, ClearAway(user_id=user_id), Subject())
    db.after_commit(lambda: relay.tell_user(user_id, "account", {}))


def _hand_over(user_id: str, heir_id: str) -> None:
    for model in (Channel, Function, Group):
        table = cast(Table, model.__table__)
        theirs = update(table).where(table.c.user_id == user_id)
        db.session().execute(theirs.values(user_id=heir_id))
    upstream = update(ModelRow).where(ModelRow.user_id == user_id, ModelRow.base_model_id.is_(None))
    db.session().execute(upstream.values(user_id=heir_id))
