"""From a completion request to an accepted job: rights are checked, our own keys taken out,
parameters mapped.
"""

from dataclasses import dataclass
from typing import Any

from shared import db, queue
from shared.config.options import option
from shared.errors import Forbidden, Invalid, NotFound
from shared.kinds.inference import RUN_CHAT, RunChat
from shared.queue import Subject
from shared.services import (
    access,
    chat_rules,
    chats,
    direct,
    jobs,
    messages,
    models,
    parameters,
    permissions,
    references,
    skills,
)
from shared.services.accounts import Principal
from shared.services.models import Route
from web.completions.schemas import CompletionForm
from web.completions.tools import offered

# Keys of the page and of today's clients that are not the provider's business.
_OURS = frozenset(
    (
        "background",
        # Said anew to the provider, see RunChat.
        "stream",
        "chat_id",
        "id",
        "session_id",
        "params",
        "files",
        "tool_ids",
        "tool_servers",
        "features",
        "variables",
        "model_item",
        "background_tasks",
        "metadata_",
        "parent_id",
        "user_message",
        "message_ids",
        "assistant_message_id",
        "regeneration_message_id",
        "folder_id",
        "filter_ids",
        "chat_variables",
        "terminal_id",
        "skill_ids",
    )
)


@dataclass(frozen=True)
class Turn:
    """An accepted completion.

    Attributes:
        job_id: Its job.
        chat_id: The stored chat that it writes into, if any.
    """

    job_id: str
    chat_id: str | None


def accept(
    user: Principal,
    form: CompletionForm,
    job_id: str | None = None,
    about: dict[str, Any] | None = None,
) -> Turn:
    """Accept a completion in one transaction: job row, empty answer, then the worker is woken.

    Args:
        job_id: Chosen by callers that listen for the job before it exists.
        about: What the door wants to find in the job's request later.

    Raises:
        NotFound: No such model or chat for this user.
        Forbidden: The model is one of a direct connection, and there are none here; or the user may
            not have code run.
        Busy: Too many of the user's jobs wait.
        Invalid: A parameter of the page cannot be read.
    """
    if form.wanted_features.get("code_interpreter"):
        permissions.require(user, "features", "code_interpreter")
    model_item = direct.kept(form.model_item)
    chat_rules.require_kind(user, form.chat_id)
    params = chat_rules.controls(user, form.params)
    route = _route(user, form, model_item)
    payload = RunChat(
        body=_body(form, params, route.connection.kind),
        model=route.model_id,
        arena=None if route.model_id == form.model else form.model,
        direct=model_item,
        is_stream=form.stream is not False if form.background else bool(form.stream),
        session_id=form.session_id,
        page_chat_id=form.chat_id,
        page_message_id=form.id,
        variables=form.words,
        about=about or {},
        files=references.cleaned(form.files),
        features=form.wanted_features,
        filter_ids=_chosen(form.filter_ids),
        **_followers(form),
        **_skills(user, form.skill_ids),
        **offered(user, form.tool_ids, form.tool_servers),
        calls_natively=params.get("function_calling") == "native",
    )
    with db.statements(write=True):
        chat_id = _checked_chat(user, form)
        subject = Subject(user.id, chat_id, form.id if chat_id else None)
        job_id = jobs.accept(RUN_CHAT, payload, subject, job_id)
        if form.chat_id and form.id:
            before = _before(user, form, chat_id, job_id)
            queue.announce(job_id, RUN_CHAT, user.id, form.chat_id, form.id, before)
    return Turn(job_id, chat_id)


def _chosen(filter_ids: list[Any] | None) -> list[str] | None:
    return None if filter_ids is None else [one for one in filter_ids if isinstance(one, str)]


def _skills(user: Principal, wanted: list[Any] | None) -> dict[str, list[str]]:
    """Give of the skills that a request names those that the user may use; others are left out, as
    pages name some that were deleted meanwhile.
    """
    if not wanted:
        return {}
    with db.reading():
        return {"skill_ids": [row.id for row in skills.usable(user, wanted)]}


def _route(user: Principal, form: CompletionForm, model_item: dict[str, Any] | None) -> Route:
    if model_item is None:
        return models.route(user, form.model)
    direct.require(form.session_id)
    if model_item.get("id") != form.model:
        raise Invalid("`model_item` describes another model than `model`.")
    return direct.route(form.model)


def _before(user: Principal, form: CompletionForm, chat_id: str | None, job_id: str) -> str:
    """Make the message ready that the answer goes into, and give what it has already.

    A request whose last message is the assistant's wants that message to be gone on with.
    """
    last = form.messages[-1]
    continues = last.get("role") == "assistant"
    if chat_id and form.id:
        chat = chats.find(chat_id)
        asked = messages.find(chat_id, form.id)
        if asked is not None and asked.role == "user" and asked.content:
            raise Invalid("`id` names a question; it must be that of the answer.")
        if asked is not None and asked.parent_id is not None:
            chat_rules.require_one_model(user, messages.find(chat_id, asked.parent_id))
        before = None if continues else ""
        question = last if last.get("role") == "user" else None
        return messages.start_answer(chat, form.id, job_id, form.model, before, question)
    text = last.get("content")
    return text if continues and isinstance(text, str) else ""


def _checked_chat(user: Principal, form: CompletionForm) -> str | None:
    """Give the stored chat that the answer goes into, checked like an id in a path."""
    if not form.chat_id or not form.id or chat_rules.is_temporary(form.chat_id):
        return None
    try:
        chat = chats.find(form.chat_id)
    except NotFound:
        # Contract, versions: an unknown chat_id is fine; the answer is then not stored.
        return None
    if not access.can(user, "write", chat):
        raise Forbidden
    return chat.id


def _followers(form: CompletionForm) -> dict[str, bool]:
    wanted = form.background_tasks or {}
    return {
        "wants_title": bool(wanted.get("title_generation"))
        and bool(option("ENABLE_TITLE_GENERATION")),
        "wants_tags": bool(wanted.get("tags_generation"))
        and bool(option("ENABLE_TAGS_GENERATION")),
        "wants_follow_ups": bool(wanted.get("follow_up_generation"))
        and bool(option("ENABLE_FOLLOW_UP_GENERATION")),
        "takes_question_as_title": wanted.get("title_generation") is False,
    }


def _body(form: CompletionForm, params: dict[str, Any], kind: str) -> dict[str, Any]:
    """Take our own keys out, and put the page's parameters in the provider's form."""
    given = form.model_fields_set - _OURS
    # Not a copy: nothing of it is changed, and a chat may be long.
    values = vars(form) | (form.model_extra or {})
    body = {name: value for name, value in values.items() if name in given}
    made = parameters.laid_over(body, parameters.as_request(params, kind))
    if body.get("options"):
        made["options"] |= body["options"]  # what the request itself says counts
    return made
