"""What a page gets when it tells that it has seen the end of an answer: the chat as the outlet
filters want it. Each filter sees an answer once: here, or before in the job that wrote it.
"""

from typing import Any

from shared import db
from shared.errors import Forbidden, NotFound
from shared.kinds.filters import RUN_OUTLET, RunOutlet
from shared.models.job import Job
from shared.queue import Subject
from shared.services import access, chats, messages, models
from shared.services.accounts import Principal
from web.completions.schemas import CompletedForm
from web.stream.waiting import ask

_PATIENCE_S = 120.0
Chat = dict[str, Any]


def finished(user: Principal, form: CompletedForm) -> Chat:
    """Give the chat as the outlet filters want it.

    Raises:
        NotFound: No such model for this user.
        Forbidden: The chat is another's.
        UpstreamFailed: A filter fails; the message is its own.
        Unavailable: It takes too long.
    """
    chat: Chat = form.model_dump(exclude_unset=True)
    if (form.model_item or {}).get("direct") is True:
        return chat
    with db.statements(write=False):
        route = models.route(user, form.model)
        if not models.has_filters(route):
            return chat
        chat_id = stored_chat(user, form)
        changed = _seen_before(chat_id, form.id) if chat_id else None
    if changed is not None:
        return {**chat, "messages": _merged(form.messages, changed)}
    payload = RunOutlet(model=form.model, chat=chat)
    told = ask(RUN_OUTLET, payload, Subject(user.id, chat_id), _PATIENCE_S, (form.chat_id, form.id))
    made: Chat = told["chat"]
    return made


def stored_chat(user: Principal, form: CompletedForm) -> str | None:
    """Give the stored chat that a page names, checked like an id in a path.

    Raises:
        Forbidden: It is another's.
    """
    try:
        chat = chats.find(form.chat_id)
    except NotFound:
        return None
    if not access.can(user, "write", chat):
        raise Forbidden
    return chat.id


def _seen_before(chat_id: str, message_id: str) -> list[dict[str, Any]] | None:
    """Give what the filters have changed when the answer was written; None if they have not run."""
    message = messages.find(chat_id, message_id)
    job = db.session().get(Job, message.job_id) if message and message.job_id else None
    return ((job.result or {}) if job else {}).get("outlet")


def _merged(sent: list[dict[str, Any]], changed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {one["id"]: one for one in changed}
    return [{**one, **known.get(str(one.get("id")), {})} for one in sent]
