"""Stopping what still writes into chats that are about to go."""

from collections.abc import Iterable

from shared import db
from shared.services import jobs
from web.auth import current_user


def stop_answers(chat_ids: Iterable[str]) -> None:
    """Cancel the open jobs of some chats; runs transactions of its own."""
    user = current_user()
    with db.reading():
        found = [job for chat_id in chat_ids for job in jobs.open_of_chat(user, chat_id)]
    for job_id in found:
        jobs.cancel(user, job_id)
