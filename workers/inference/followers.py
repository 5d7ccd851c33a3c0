"""What follows a first answer: a title and tags for the chat, asked of the task model."""

from typing import Any

from shared import db
from shared.config.options import option
from shared.errors import NotFound
from shared.kinds.inference import WriteTitle
from shared.models.job import COMPLETED
from shared.services import chat_tags, chats, messages
from shared.services.answers import Answer
from workers.inference.asking import json_in, task_route
from workers.inference.chat import check_chat, owner_of
from workers.inference.prompts import TAGS, TITLE, fill, without_details
from workers.live import Running
from workers.providers import provider_for
from workers.providers.behalf import asking_for
from workers.providers.line import Cut
from workers.providers.sse import events_of

_LONGEST_TAG, _MOST_TAGS = 64, 10


class _Follower:
    """Asks the task model one question about a chat, for an answer in JSON."""

    template_option: str
    built_in: str
    max_tokens: int

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, WriteTitle)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        self._said: dict[str, Any] = {}
        with db.reading():
            owner = owner_of(job)
            check_chat(job, owner)
            self._owner = owner
            self._branch = _branch(job.claim.chat_id or "", job.claim.message_id)
            route = task_route(owner, job.payload.model)
        prompt = fill(option(self.template_option) or self.built_in, self._branch, owner.name)
        self._body = {
            "model": route.upstream_id,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": self.max_tokens,
        }
        self._provider = provider_for(route.connection)

    def do(self) -> None:
        """Ask."""
        cut = Cut()
        with self._job.abortable(cut.set), asking_for(self._owner):
            completion = self._provider.complete(self._body, cut)
        said = Answer()
        for kind, data in events_of(completion):
            if kind == "delta":
                said.add(data)
        self._said = json_in(said.text)


class TitleTurn(_Follower):
    """Names a chat."""

    template_option = "TITLE_GENERATION_PROMPT_TEMPLATE"
    built_in = TITLE
    max_tokens = 1000

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Store the title; the first question stands in for a model that gave none."""
        if status != COMPLETED and error is None:
            return {}  # cancelled
        title = self._said.get("title")
        if not isinstance(title, str) or not title.strip():
            title = next((m["content"] for m in self._branch if m["role"] == "user"), "")
        title = title.strip()[: chats.LONGEST_TITLE]
        if title:
            chats.set_title(self._job.claim.chat_id or "", title)
        return {"title": title}


class TagsTurn(_Follower):
    """Tags a chat."""

    template_option = "TAGS_GENERATION_PROMPT_TEMPLATE"
    built_in = TAGS
    max_tokens = 300

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Store the tags, if the model gave any."""
        if status != COMPLETED or error is not None:
            return {}
        tags = _tags_in(self._said)
        if tags:
            try:
                chat_tags.replace(chats.find(self._job.claim.chat_id or ""), tags)
            except NotFound:
                return {}  # the chat was deleted meanwhile
        return {"tags": tags}


def _tags_in(said: dict[str, Any]) -> list[str]:
    """Take from a model's answer what can be a tag."""
    found = said.get("tags")
    words = [word for word in found if isinstance(word, str)] if isinstance(found, list) else []
    words = [word.replace("\x00", "").strip()[:_LONGEST_TAG] for word in words]
    return [word for word in words if word][:_MOST_TAGS]


def _branch(chat_id: str, message_id: str | None) -> list[dict[str, Any]]:
    """Load the messages that led to an answer, without the page's folded blocks."""
    tree = messages.as_tree(messages.of_chat(chat_id), {})
    path = messages.branch(tree, message_id)
    return [{"role": m["role"], "content": without_details(m["content"])} for m in path]
