"""Routes of tasks."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.errors import NotFound
from shared.kinds.inference import RUN_CHAT
from shared.services import jobs
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.jobs.cancelling import cancel

bp = Blueprint("tasks", __name__)


@bp.get("/")
@endpoint()
def list_tasks() -> dict[str, list[str]]:
    """List one's own jobs that have not ended."""
    return {"tasks": jobs.open_of(current_user())}


@bp.get("/chat/<path:chat_id>")
@endpoint()
def list_tasks_of_chat(chat_id: str) -> dict[str, list[str]]:
    """List the answers that are being written in a chat; none for a chat that is not one's own.

    Title and tags are left out: a page that is loaded meanwhile would offer to stop them for ever.
    """
    return {"task_ids": jobs.open_of_chat(current_user(), chat_id, RUN_CHAT)}


@bp.post("/stop/<task_id>")
@endpoint(transaction=None, errors={404: "No such task, or not yours"})
def stop_task(task_id: str) -> dict[str, Any]:
    """Stop a job; what it has made is kept."""
    try:
        status = cancel(current_user(), task_id)
    except NotFound:
        raise Status(404, f"Task with ID {task_id} not found.") from None
    return {
        "status": True,
        "message": f"Task {task_id} is {'being stopped' if status == 'running' else status}.",
    }


@bp.post("/chat/<path:chat_id>/stop")
@endpoint(transaction=None)
def stop_tasks_of_chat(chat_id: str) -> dict[str, Any]:
    """Stop everything that works on a chat, as today's page asks for it."""
    with db.reading():
        found = jobs.open_of_chat(current_user(), chat_id)
    for job_id in found:
        cancel(current_user(), job_id)
    return {"status": bool(found), "task_ids": found}
