"""Kinds of jobs that ask a model."""

from typing import Any, Literal

from pydantic import Field

from shared.kinds.base import DEFAULT, INTERACTIVE, JobSpec, Payload


class RunChat(Payload):
    """Answer a chat completion; `body` is the provider's request, already checked and stripped of
    our own keys, `variables` what the client puts for the placeholders of a model's system prompt,
    `about` what the door that accepted it wants to know of it later, `files` what is read before
    the answer (see `shared.services.references`), `features` what else is done for it.

    Attributes:
        page_chat_id: The chat as the page knows it, which need not be stored.
        page_message_id: The answer's message, as the page knows it.
        tool_ids: Tools of the workspace, and `server:<place>` for servers of tools.
        tool_servers: Servers of tools that the page calls itself: `{"url", "specs", …}`.
        calls_natively: Whether the model itself asks for calls; else they are chosen beforehand.
        sealed: What signs the user in at servers of tools that want it.
        filter_ids: Of the filters that users switch on those that are; None where the client knows
            of no such thing, then all are.
        skill_ids: Texts of instructions that it names; those of its model come by themselves.
        arena: The model of the arena for which this one was picked.
        direct: The page's model, where its own browser asks it.
    """

    body: dict[str, Any]
    model: str
    is_stream: bool = True
    session_id: str | None = None
    page_chat_id: str | None = None
    page_message_id: str | None = None
    variables: dict[str, str] = Field(default_factory=dict)
    wants_title: bool = False
    wants_tags: bool = False
    wants_follow_ups: bool = False
    takes_question_as_title: bool = False
    about: dict[str, Any] = Field(default_factory=dict)
    files: list[dict[str, Any]] = Field(default_factory=list)
    features: dict[str, bool] = Field(default_factory=dict)
    arena: str | None = None
    direct: dict[str, Any] | None = None
    tool_ids: list[str] = Field(default_factory=list)
    tool_servers: list[dict[str, Any]] = Field(default_factory=list)
    calls_natively: bool = False
    sealed: str = ""
    filter_ids: list[str] | None = None
    skill_ids: list[str] = Field(default_factory=list)

    @property
    def names_tools(self) -> bool:
        """Whether there is anything that could be called for it."""
        return bool(self.tool_ids or self.tool_servers)


class WriteTitle(Payload):
    """Find a title for a chat from its first turn; what names a page as in `RunChat`."""

    model: str
    page_chat_id: str | None = None
    page_message_id: str | None = None
    direct: dict[str, Any] | None = None
    session_id: str | None = None


class WriteTags(WriteTitle):
    """Find tags for a chat from its messages."""


class WriteFollowUps(WriteTitle):
    """Find what the user may want to ask next."""


SmallTask = Literal[
    "title", "tags", "follow_ups", "image_prompt", "queries", "autocomplete", "emoji"
]


class RunTask(Payload):
    """Ask the task model one small thing for a client that waits for the answer.

    Attributes:
        model: The chat's model; which one is asked follows from it.
        messages: What the task is about, `{"role", "content"}`.
        prompt: A text of the user, where it is about that.
        words: More placeholders of the template, without their braces.
    """

    task: SmallTask
    model: str
    messages: list[dict[str, Any]] = Field(default_factory=list)
    prompt: str = ""
    words: dict[str, str] = Field(default_factory=dict)


RUN_CHAT = JobSpec(
    "inference.run_chat",
    INTERACTIVE,
    RunChat,
    texts=("body", "variables", "about", "files", "direct", "tool_servers", "sealed"),
)
WRITE_TITLE = JobSpec("inference.write_title", DEFAULT, WriteTitle, texts=("direct",))
WRITE_TAGS = JobSpec("inference.write_tags", DEFAULT, WriteTags, texts=("direct",))
WRITE_FOLLOW_UPS = JobSpec("inference.write_follow_ups", DEFAULT, WriteFollowUps, texts=("direct",))
RUN_TASK = JobSpec(
    "inference.run_task", INTERACTIVE, RunTask, texts=("messages", "prompt", "words")
)

SPECS = (RUN_CHAT, WRITE_TITLE, WRITE_TAGS, WRITE_FOLLOW_UPS, RUN_TASK)
