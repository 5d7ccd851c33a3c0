"""Jobs that write into messages, as far as their relay to pages needs to know them."""

from dataclasses import dataclass
from typing import Any

from shared import db
from shared.models.job import Job
from shared.services import jobs, messages
from shared.services.accounts import Principal


@dataclass(frozen=True)
class Work:
    """A job that writes into a message, as far as its relay needs to know it.

    Attributes:
        chat_id: As the page knows it.
        before: What the message has already, when the job goes on with it.
    """

    job: str
    kind: str
    chat_id: str
    message_id: str
    before: str = ""

    @classmethod
    def told(cls, data: dict[str, Any]) -> "Work":
        """Read an announcement."""
        place = data["chat_id"], data["message_id"]
        return cls(data["job"], data["kind"], *place, data.get("before", ""))


def open_work(user: Principal) -> list[Work]:
    """List the jobs of a user that write into messages right now."""
    with db.reading() as session:
        found = [session.get(Job, job_id) for job_id in jobs.open_of(user)]
        return [
            Work(job.id, job.kind, job.chat_id, job.message_id, _before(job))
            for job in found
            if job is not None and job.chat_id and job.message_id
        ]


def _before(job: Job) -> str:
    message = messages.find(job.chat_id or "", job.message_id or "")
    return message.content if message is not None and message.is_running else ""
