"""Deleting chats, and stopping what still writes into them."""

import time
from collections.abc import Sequence

from shared import db
from shared.services import chats, jobs
from web.auth import current_user

# One transaction deletes so many; others write in between. On SQLite the process stands still for
# as long as that takes, a few milliseconds a chat.
_AT_ONCE = 5


def stop_answers(chat_ids: Sequence[str]) -> None:
    """Cancel the open jobs of some chats; runs transactions of its own."""
    user = current_user()
    with db.reading():
        found = jobs.open_of_chats(user, chat_ids)
    for job_id in found:
        jobs.cancel(user, job_id)


def delete_all(user_id: str, chat_ids: Sequence[str]) -> None:
    """Delete chats of one user, however many, with what still writes into them.

    The rights are the caller's to check. Runs transactions of its own.
    """
    for first in range(0, len(chat_ids), _AT_ONCE):
        portion = chat_ids[first : first + _AT_ONCE]
        stop_answers(portion)
        with db.transaction():
            chats.remove_all(user_id, portion)
        time.sleep(0)  # whoever relays an answer in this process goes first
