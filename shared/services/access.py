"""Who may do what: the only place that decides."""

from typing import Any

from sqlalchemy import select

from shared import db
from shared.config.settings import get_settings
from shared.errors import Forbidden
from shared.models.batch import Batch
from shared.models.catalogue import ModelRow
from shared.models.channel import Channel, ChannelMessage
from shared.models.chat import Chat
from shared.models.chunk import Collection
from shared.models.feedback import Feedback
from shared.models.file import File
from shared.models.folder import Folder
from shared.models.function import Function
from shared.models.job import Job
from shared.models.knowledge import Knowledge, KnowledgeFile
from shared.models.memory import Memory
from shared.models.note import Note
from shared.models.prompt import Prompt
from shared.models.skill import Skill
from shared.models.tool import Tool
from shared.models.webhook import Webhook
from shared.services.accounts import ADMIN, Principal
from shared.services.tool_servers import ToolServer

_ROLES = ("user", ADMIN)
_Shared = Channel | Knowledge | ModelRow | Prompt | Skill | Tool


def is_member(user: Principal) -> bool:
    """Whether an account is active: pending accounts may look at themselves and nothing else."""
    return user.role in _ROLES


def can(user: Principal, action: str, thing: Any) -> bool:
    """Decide whether a user may do something.

    Args:
        action: "read", "write", "cancel", "delete", "share" or "use".
        thing: A row, a model of the catalogue (dict), or the name of an area such as "admin".
    """
    if not is_member(user):
        return False
    rule = _RULES.get(type(thing))
    return rule is not None and rule(user, action, thing)


def require(user: Principal, action: str, thing: Any) -> None:
    """Let pass only those who may.

    Raises:
        Forbidden: The user may not.
    """
    if not can(user, action, thing):
        raise Forbidden


def _area(user: Principal, _action: str, name: str) -> bool:
    return user.role == ADMIN if name == "admin" else True


def _job(user: Principal, _action: str, job: Job) -> bool:
    return user.role == ADMIN or (job.user_id is not None and job.user_id == user.id)


def _chat(user: Principal, action: str, chat: Chat) -> bool:
    if chat.user_id == user.id:
        return True
    return user.role == ADMIN and (action == "delete" or get_settings().enable_admin_chat_access)


def _private(user: Principal, _action: str, row: Folder | Memory) -> bool:
    return row.user_id == user.id


def _owned(user: Principal, _action: str, row: Batch | Collection | Webhook) -> bool:
    return user.role == ADMIN or row.user_id == user.id


def _file(user: Principal, action: str, file: File) -> bool:
    """A file goes with the knowledge bases in which it is: who may read one of them may read it."""
    if user.role == ADMIN or file.user_id == user.id:
        return True
    holding = select(Knowledge).join(KnowledgeFile, KnowledgeFile.knowledge_id == Knowledge.id)
    held_by = db.session().scalars(holding.where(KnowledgeFile.file_id == file.id))
    return any(_shared(user, action, knowledge) for knowledge in held_by)


def _shared(user: Principal, action: str, row: _Shared) -> bool:
    is_own = user.role == ADMIN or row.user_id == user.id
    return is_own or grants(user, action, row.access_control)


def _channel_message(user: Principal, action: str, row: ChannelMessage) -> bool:
    """Its author may change it; who may write in the channel's name may delete it too."""
    if user.role == ADMIN or row.user_id == user.id:
        return True
    channel = db.session().get(Channel, row.channel_id)
    wanted = {"read": "read", "delete": "write"}.get(action)
    return channel is not None and wanted is not None and _shared(user, wanted, channel)


def _note(user: Principal, action: str, row: Note) -> bool:
    """Who was given a note may read or write it; whom it lets in and its end are its owner's."""
    if row.user_id == user.id:
        return True
    if user.role == ADMIN and (action == "delete" or get_settings().enable_admin_chat_access):
        return True
    return action in ("read", "write") and grants(user, action, row.access_control)


def _feedback(user: Principal, action: str, row: Feedback) -> bool:
    return row.user_id == user.id or (user.role == ADMIN and action in ("read", "delete"))


def _function(user: Principal, action: str, _row: Function) -> bool:
    return user.role == ADMIN or action == "use"


def _model(user: Principal, action: str, model: dict[str, Any]) -> bool:
    if user.role == ADMIN or (action == "read" and get_settings().bypass_model_access_control):
        return True
    info = model.get("info")
    if info is None:
        return False
    if model.get("arena"):
        # Source: contract, config §6: in its meta; without it the model is the admins' only.
        return grants(user, action, info["meta"].get("access_control", {}))
    return info["user_id"] == user.id or grants(user, action, info.get("access_control"))


def _tool_server(user: Principal, action: str, server: ToolServer) -> bool:
    return user.role == ADMIN or grants(user, action, server.access_control)


def grants(user: Principal, action: str, control: dict[str, Any] | None) -> bool:
    """Read an `access_control`: None lets everybody read, {} nobody, else its lists decide."""
    if control is None:
        return action == "read"
    listed = control.get(action) or {}
    return user.id in (listed.get("user_ids") or ()) or bool(
        set(user.group_ids) & set(listed.get("group_ids") or ())
    )


_RULES: dict[type, Any] = {
    str: _area,
    Batch: _owned,
    Webhook: _owned,
    Channel: _shared,
    ChannelMessage: _channel_message,
    Chat: _chat,
    Collection: _owned,
    Feedback: _feedback,
    File: _file,
    Folder: _private,
    Function: _function,
    Job: _job,
    Knowledge: _shared,
    Memory: _private,
    ModelRow: _shared,
    Note: _note,
    Prompt: _shared,
    Skill: _shared,
    Tool: _shared,
    ToolServer: _tool_server,
    dict: _model,
}
