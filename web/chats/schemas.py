"""Forms and answers of the chat routes."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from shared.schema import Schema
from shared.services.chats import LONGEST_OWN_TITLE


def _with_short_title(chat: dict[str, Any]) -> dict[str, Any]:
    if len(str(chat.get("title") or "")) > LONGEST_OWN_TITLE:
        raise ValueError(f"its `title` may have {LONGEST_OWN_TITLE} characters")
    return chat


class ChatForm(Schema):
    """A chat as the client writes it; top-level keys are laid over those stored."""

    chat: Annotated[dict[str, Any], AfterValidator(_with_short_title)]
    folder_id: str | None = None


class ListQuery(Schema):
    """Which page of a list: its number from 1, or the last chat of the page before; all without."""

    page: int | None = Field(None, ge=1, le=1_000_000)
    before: str | None = None
    include_pinned: bool = False
    include_folders: bool = False

    @property
    def elsewhere(self) -> list[str]:
        """What is listed although it is shown elsewhere too."""
        wanted = {"pinned": self.include_pinned, "folders": self.include_folders}
        return [name for name, is_wanted in wanted.items() if is_wanted]


class PageQuery(Schema):
    """Which page of a list, from 1; all without."""

    page: int | None = Field(None, ge=1, le=1_000_000)


class FoundQuery(PageQuery):
    """Which page of a list, of what text, in what order."""

    query: str | None = Field(None, max_length=1000)
    order_by: Literal["title", "created_at", "updated_at"] = "updated_at"
    direction: Literal["asc", "desc"] = "desc"


class PortionQuery(FoundQuery):
    """Which piece of a list: a page, or so many chats from one on."""

    skip: int = Field(0, ge=0, le=1_000_000_000)
    limit: int = Field(50, ge=1, le=10_000)


class SearchQuery(Schema):
    """A piece of a chat's title or text, and words that narrow it down: `tag:<id>` (`tag:none`: no
    tag), `folder:<id or name>`, `pinned:`, `archived:`, `shared:` with `true` or `false`.
    """

    text: str = Field(max_length=1000)
    page: int | None = Field(None, ge=1, le=1_000_000)


class ForkForm(Schema):
    """The last message of a copy; the chat's current one without."""

    message_id: str | None = None


class CloneForm(Schema):
    """The title of a copy; "Clone of …" without."""

    title: str | None = Field(None, max_length=LONGEST_OWN_TITLE)


class _Past(Schema):
    """What a chat that was made elsewhere brings along beside its messages."""

    meta: dict[str, Any] | None = None
    pinned: bool | None = False
    folder_id: str | None = None
    created_at: int | None = Field(None, ge=0, le=2**53)
    updated_at: int | None = Field(None, ge=0, le=2**53)


class ImportedChat(_Past):
    """A chat as an export has it."""

    chat: dict[str, Any]


class ImportForm(_Past):
    """One chat under `chat`, or any number under `chats`, as newer clients send them."""

    chat: dict[str, Any] | None = None
    chats: list[ImportedChat] | None = Field(None, max_length=100_000)

    @model_validator(mode="after")
    def _has_something(self) -> Self:
        if self.chat is None and self.chats is None:
            raise ValueError("`chat` or `chats` is needed")
        return self


class TextForm(Schema):
    """Another text for a message."""

    content: str


class EventForm(Schema):
    """Something that happens to a message; `status`, `message` and `replace` are kept."""

    type: str = Field(min_length=1, max_length=100)
    data: dict[str, Any]


class FolderForm(Schema):
    """Which folder a chat lies in; none when null."""

    folder_id: str | None = None


class TagForm(Schema):
    """A tag by its name."""

    name: str = Field(min_length=1, max_length=200)


class ChatTitleResponse(Schema):
    """A chat in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    title: str
    updated_at: int
    created_at: int


class ChatResponse(Schema):
    """A chat with all its messages."""

    id: str
    user_id: str
    title: str
    chat: dict[str, Any]
    updated_at: int
    created_at: int
    share_id: str | None = None
    archived: bool
    pinned: bool | None = False
    meta: dict[str, Any] | None = {}
    folder_id: str | None = None


class TagResponse(Schema):
    """A tag of a user."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    user_id: str
    meta: dict[str, Any] | None = None


class SummaryQuery(Schema):
    """Which page of the numbers, and how long pages are."""

    items_per_page: int = Field(50, ge=1, le=100)
    page: int = Field(1, ge=1, le=1_000_000)


class ExportQuery(Schema):
    """Which page of the numbers, of the chats that changed since a time."""

    updated_at: int | None = Field(None, ge=0, le=2**53)
    page: int = Field(1, ge=1, le=1_000_000)


class ChatNumbers(Schema):
    """What was counted in a chat: in its current branch, and ("history") in its whole tree."""

    average_response_time: float
    average_user_message_content_length: float
    average_assistant_message_content_length: float
    models: dict[str, int]
    message_count: int
    history_models: dict[str, int]
    history_message_count: int
    history_user_message_count: int
    history_assistant_message_count: int


class ChatSummary(ChatNumbers):
    """The numbers of a chat with its times and tags."""

    id: str
    tags: list[str]
    last_message_at: int
    updated_at: int
    created_at: int


class SummariesResponse(Schema):
    """A page of the numbers of chats."""

    items: list[ChatSummary]
    total: int


class StatsExport(Schema):
    """The numbers of a chat, and of each message."""

    id: str
    user_id: str
    created_at: int
    updated_at: int
    tags: list[str]
    stats: ChatNumbers
    chat: dict[str, Any]


class ExportsResponse(Schema):
    """A page of such numbers."""

    type: str = "chats"
    items: list[StatsExport]
    total: int
    page: int
