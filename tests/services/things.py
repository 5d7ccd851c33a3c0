"""What tests put into an empty world: users, chats, jobs, models."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from shared import db, queue, relay
from shared.config.options import get_options
from shared.ids import now_s
from shared.kinds.base import JobSpec, Payload
from shared.kinds.inference import RUN_CHAT, RunChat
from shared.models.catalogue import ModelRow
from shared.models.chat import Chat, ChatMessage
from shared.models.job import Job
from shared.queue import Subject
from shared.services import accounts, chats, functions, groups, messages, models
from shared.services.accounts import Principal
from shared.services.connections import Connection

_numbers = itertools.count(1)
NOWHERE = "http://127.0.0.1:9/v1"
QUESTION = {"model": "alpha", "messages": [{"role": "user", "content": "Hello?"}]}


def new_user(role: str = "user", password_hash: str = "") -> Principal:
    """Open an account; nobody can sign in to it unless the hash of a password is given."""
    number = next(_numbers)
    with db.transaction():
        row = accounts.add(f"User {number}", f"u{number}@example.com", password_hash, role)
        user = accounts.principal_of(row.id)
    assert user is not None
    return user


def new_group(members: Sequence[str] = (), **permissions: dict[str, bool]) -> str:
    """Make a group: `new_group([user.id], workspace={"models": True})`; gives its id."""
    maker = accounts.Principal("somebody", "", "", accounts.ADMIN, "")
    with db.transaction():
        group = groups.create(maker, groups.Draft(f"Group {next(_numbers)}", "", permissions))
        groups.add_members(group, members)
    return group.id


def new_job(
    owner: Principal | None = None,
    spec: JobSpec = RUN_CHAT,
    payload: Payload | None = None,
    **about: Any,
) -> str:
    """Accept a job as the web tier does; `about` goes into its subject."""
    payload = payload or RunChat(body=dict(QUESTION), model="alpha")
    with db.transaction():
        return queue.enqueue(spec, payload, Subject(owner.id if owner else None, **about))


def row_of(job_id: str) -> Job:
    """Read a job's row."""
    with db.reading() as session:
        job = session.get(Job, job_id, populate_existing=True)
    assert job is not None, f"there is no job {job_id}"
    return job


def change_job(job_id: str, **values: Any) -> None:
    """Change a job's row behind everybody's back."""
    with db.transaction() as session:
        job = session.get(Job, job_id)
        for name, value in values.items():
            setattr(job, name, value)


def message(
    message_id: str, parent: str | None = None, role: str = "user", **more: Any
) -> dict[str, Any]:
    """Write a message as a page does."""
    content = {"content": f"text of {message_id}", "childrenIds": [], **more}
    return {"id": message_id, "parentId": parent, "role": role, **content}


def tree(*sent: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Write `history.messages` as a page does, each parent with its children in order."""
    found = {one["id"]: {**one, "childrenIds": []} for one in sent}
    for one in sent:
        if one["parentId"] in found:
            found[one["parentId"]]["childrenIds"].append(one["id"])
    return found


def body_of(*sent: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write a chat as a page does; its current message is the last one."""
    history = {"messages": tree(*sent), "currentId": sent[-1]["id"] if sent else None}
    return {"title": "A chat", "models": ["alpha"], "history": history, **more}


def new_chat(owner: Principal, *sent: dict[str, Any], **more: Any) -> Chat:
    """Store a chat."""
    with db.transaction():
        return chats.create(owner.id, body_of(*sent, **more))


def running_answer(owner: Principal, **more: Any) -> tuple[str, str]:
    """Store a chat with one question (`q`) and an answer (`a`) that a job is to write.

    Returns:
        Ids of chat and job.
    """
    chat = new_chat(owner, message("q"), message("a", "q", "assistant", content=""), **more)
    job_id = new_job(owner, chat_id=chat.id, message_id="a")
    with db.transaction():
        messages.start_answer(chats.find(chat.id), "a", job_id, "alpha")
    return chat.id, job_id


def stored_message(chat_id: str, message_id: str) -> ChatMessage | None:
    """Read a message's row."""
    with db.reading() as session:
        return session.get(ChatMessage, (chat_id, message_id), populate_existing=True)


def offer(*ids: str, url: str = NOWHERE, kind: str = "openai", public: bool = True) -> None:
    """Offer models of one connection, which users may see unless they are not `public`."""
    urls, name = [url], "OPENAI_API_BASE_URLS" if kind == "openai" else "OLLAMA_BASE_URLS"
    get_options().set({name: urls, "OPENAI_API_KEYS": ["k"], "OPENAI_API_CONFIGS": {}})
    now = now_s()
    models.save_offer(
        [
            {
                "id": model_id,
                "name": model_id,
                "object": "model",
                "created": now,
                "owned_by": kind,
                "connection": kind,
                "mark": Connection(kind, 0, url).mark,
                "connection_type": "external",
                "urlIdx": 0,
                "tags": [],
            }
            for model_id in ids
        ]
    )
    if public:
        with db.transaction() as session:
            for model_id in ids:
                session.merge(describe(model_id))
    models.forget_catalogue()


def describe(model_id: str, **values: Any) -> ModelRow:
    """Write a model's row: over an upstream model unless `base_model_id` is given."""
    defaults = {
        "user_id": "somebody",
        "base_model_id": None,
        "name": model_id,
        "params": {},
        "meta": {},
        "access_control": None,
        "is_active": True,
        "created_at": now_s(),
        "updated_at": now_s(),
    }
    return ModelRow(id=model_id, **{**defaults, **values})


def new_function(function_id: str, source: str, **values: Any) -> None:
    """Store a function, switched off unless the values say otherwise."""
    maker = accounts.Principal("somebody", "", "", accounts.ADMIN, "")
    with db.transaction():
        row = functions.create(maker, function_id, functions.Draft(function_id, source, {}))
        for name, value in values.items():
            setattr(row, name, value)


def events_of(job_id: str) -> list[dict[str, Any]]:
    """Read a job's event log, numbers and all."""
    stored = relay.replay(job_id, 0, 1_000_000)
    return [json.loads(relay.numbered(seq, event)) for seq, event in enumerate(stored, 1)]


def told(job_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Read a job's event log: types and data."""
    return [(event["type"], event["data"]) for event in events_of(job_id)]
