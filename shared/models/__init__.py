"""Tables, one file per noun. Importing this package makes every table known."""

from shared.models.base import Base
from shared.models.batch import Batch, BatchLine
from shared.models.catalogue import ModelRow
from shared.models.channel import Channel, ChannelMessage, ChannelReaction
from shared.models.chat import Chat, ChatMessage, ChatTag, SharedChat, Tag
from shared.models.chunk import Chunk, Collection
from shared.models.feedback import Feedback
from shared.models.file import File
from shared.models.folder import Folder
from shared.models.function import Function
from shared.models.group import Group, GroupMember
from shared.models.job import Job
from shared.models.knowledge import Directory, Knowledge, KnowledgeFile
from shared.models.memory import Memory
from shared.models.note import Note, NotePin
from shared.models.option import OptionRow
from shared.models.prompt import Prompt
from shared.models.quota import Quota, Usage
from shared.models.skill import Skill
from shared.models.speech import SpeechClip, TranscriptPiece
from shared.models.tool import Tool
from shared.models.user import APIKey, Credential, User, UserSession
from shared.models.webhook import Webhook, WebhookDelivery

__all__ = [
    "APIKey",
    "Base",
    "Batch",
    "BatchLine",
    "Channel",
    "ChannelMessage",
    "ChannelReaction",
    "Chat",
    "ChatMessage",
    "ChatTag",
    "Chunk",
    "Collection",
    "Credential",
    "Directory",
    "Feedback",
    "File",
    "Folder",
    "Function",
    "Group",
    "GroupMember",
    "Job",
    "Knowledge",
    "KnowledgeFile",
    "Memory",
    "ModelRow",
    "Note",
    "NotePin",
    "OptionRow",
    "Prompt",
    "Quota",
    "SharedChat",
    "Skill",
    "SpeechClip",
    "Tag",
    "Tool",
    "TranscriptPiece",
    "Usage",
    "User",
    "UserSession",
    "Webhook",
    "WebhookDelivery",
]
