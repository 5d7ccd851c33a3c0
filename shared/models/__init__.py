"""Tables, one file per noun. Importing this package makes every table known."""

from shared.models.base import Base
from shared.models.catalogue import ModelRow
from shared.models.channel import Channel
from shared.models.chat import Chat, ChatMessage, Tag
from shared.models.folder import Folder
from shared.models.job import Job
from shared.models.option import OptionRow
from shared.models.tool import Tool
from shared.models.user import APIKey, Credential, User, UserSession

__all__ = [
    "APIKey",
    "Base",
    "Channel",
    "Chat",
    "ChatMessage",
    "Credential",
    "Folder",
    "Job",
    "ModelRow",
    "OptionRow",
    "Tag",
    "Tool",
    "User",
    "UserSession",
]
