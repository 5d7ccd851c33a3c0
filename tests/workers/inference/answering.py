"""Questions to chat jobs that run inside this process, and what comes of them."""

from typing import Any

from shared import db
from shared.flusher import flusher
from shared.kinds.inference import RunChat
from shared.models.job import Job
from shared.services import chats, messages
from shared.services.accounts import Principal
from tests.services.things import message, new_chat, new_job, row_of, told
from workers import base

QUESTION = "tell me tokens=3"
Told = list[tuple[str, dict[str, Any]]]


def payload(
    question: str = QUESTION,
    is_stream: bool = True,
    body: dict[str, Any] | None = None,
    model: str = "fake-alpha",
    **more: Any,
) -> RunChat:
    """Write the request of a chat job."""
    asked = {"messages": [{"role": "user", "content": question}], "model": model}
    return RunChat(body={**asked, **(body or {})}, model=model, is_stream=is_stream, **more)


def run(job_id: str) -> tuple[Job, Told]:
    """Do a job, and give its row and its log."""
    base.run(job_id)
    assert flusher.drain(5)
    return row_of(job_id), told(job_id)


def answer(owner: Principal, *arguments: Any, **more: Any) -> tuple[Job, Told]:
    """Ask, and give the row and the log of the job."""
    return run(new_job(owner, payload=payload(*arguments, **more)))


def in_chat(owner: Principal, *arguments: Any, **more: Any) -> tuple[str, str]:
    """Ask into a chat's message; the job is still to be done.

    Returns:
        Ids of chat and job.
    """
    stored = new_chat(owner, message("q"), message("a", "q", "assistant", content=""))
    asked = payload(*arguments, **more)
    job_id = new_job(owner, payload=asked, chat_id=stored.id, message_id="a")
    with db.transaction():
        messages.start_answer(chats.find(stored.id), "a", job_id, "fake-alpha")
    return stored.id, job_id


def text_of(events: Told) -> str:
    """Put the text of an answer together from its log."""
    return "".join(data.get("text", "") for kind, data in events if kind == "delta")
