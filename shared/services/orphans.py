"""Messages whose job has ended without saying so, or is gone: they are their readers' again."""

from sqlalchemy import exists, update

from shared import db
from shared.models.chat import ChatMessage
from shared.models.job import QUEUED, RUNNING, Job

_IS_WRITTEN = exists().where(Job.id == ChatMessage.job_id, Job.status.in_((QUEUED, RUNNING)))
_LET_GO = update(ChatMessage).where(ChatMessage.is_running, ~_IS_WRITTEN).values(is_running=False)


def let_go(chat_id: str) -> bool:
    """Let readers of a chat change what nobody writes any more; joins the surrounding transaction.

    Returns:
        Whether there was such a message.
    """
    return db.connection().execute(_LET_GO.where(ChatMessage.chat_id == chat_id)).rowcount > 0
