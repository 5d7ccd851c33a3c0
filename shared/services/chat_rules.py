"""What users may do in chats besides writing them: what a page hides from them is refused or passed
over here, whoever sends it.
"""

from typing import Any

from shared.errors import Forbidden
from shared.models.chat import ChatMessage
from shared.services import permissions
from shared.services.accounts import ADMIN, Principal

# Chats of this id are stored nowhere.
LOCAL = "local"


def is_temporary(chat_id: str | None) -> bool:
    """Whether a chat that a page names is a temporary one; newer pages add their socket's id."""
    return chat_id is not None and chat_id.split(":")[0] == LOCAL


def require_kind(user: Principal, chat_id: str | None) -> None:
    """Let pass only chats of a kind that the user may have.

    Args:
        chat_id: As the page names it; None for what belongs to no chat.

    Raises:
        Forbidden: The user may have no temporary chats, or no others.
    """
    if is_temporary(chat_id):
        if not permissions.allows(user, "chat", "temporary"):
            raise Forbidden("You may have no temporary chats.")
    elif chat_id is not None:
        require_storing(user)


def require_storing(user: Principal) -> None:
    """Let pass only who may have chats that are stored.

    Raises:
        Forbidden: All chats of the user have to be temporary ones.
    """
    if user.role == ADMIN:
        return
    # Asked for every answer: only groups can say otherwise than what everybody is told.
    told = permissions.of_user(user.id) if user.group_ids else permissions.default()
    if told["chat"]["temporary_enforced"]:
        raise Forbidden("You may have temporary chats only.")


def controls(user: Principal, params: dict[str, Any]) -> dict[str, Any]:
    """Give what counts of the parameters that a page's controls have set: nothing where the user
    may not use them.
    """
    return params if params and permissions.allows(user, "chat", "controls") else {}


def require_one_model(user: Principal, question: ChatMessage | None) -> None:
    """Let pass only questions that one model was asked, where the user may not ask several.

    Raises:
        Forbidden: Several were asked.
    """
    asked = question.data.get("models") if question is not None else None
    is_many = isinstance(asked, list) and len(set(map(str, asked))) > 1
    if is_many and not permissions.allows(user, "chat", "multiple_models"):
        raise Forbidden("You may ask one model at a time.")
