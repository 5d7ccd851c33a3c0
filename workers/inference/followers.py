"""What follows an answer, asked of the task model: title, tags, and what to ask next."""

from typing import Any

from shared import db
from shared.errors import NotFound
from shared.kinds.inference import WriteTitle
from shared.models.job import COMPLETED
from shared.services import chat_tags, chats, message_trees, messages
from workers.filters.small import Matter, through_pipelines
from workers.inference.aim import answering
from workers.inference.asking import body_for, completion_for_itself, json_in, task_route
from workers.inference.chat import check_chat, owner_of
from workers.inference.prompts import without_details
from workers.live import Running

_LONGEST_TAG, _MOST_TAGS = 64, 10
_LONGEST_FOLLOW_UP, _MOST_FOLLOW_UPS = 500, 10


class _Follower:
    """Asks the task model one question about a chat, for an answer in JSON."""

    task: str

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, WriteTitle)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        self._said: dict[str, Any] = {}
        with db.reading():
            owner = owner_of(job)
            check_chat(job, owner)
            self._owner = owner
            self._branch = _branch(job.claim.chat_id or "", job.claim.message_id)
            self._route = task_route(owner, job.payload.model, job.payload.direct)
        self._asked = job.payload
        self._body = body_for(self.task, self._route, self._branch, owner.name)

    def do(self) -> None:
        """Ask.

        Raises:
            FilterFailed: A pipeline does not let it pass.
        """
        matter = Matter(self.task, self._asked.model, self._branch, self._job.claim.chat_id)
        passed = self._job, self._owner, self._route, self._body, matter
        route, body = through_pipelines(*passed)
        asked = route, answering(self._job, route, self._asked)
        _, said = completion_for_itself(self._job, self._owner, asked, body, self.task)
        self._said = json_in(said)


class TitleTurn(_Follower):
    """Names a chat."""

    task = "title"

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

    task = "tags"

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Store the tags, if the model gave any."""
        if status != COMPLETED or error is not None:
            return {}
        tags = _texts_in(self._said.get("tags"), _LONGEST_TAG, _MOST_TAGS)
        if tags:
            try:
                chat_tags.replace(chats.find(self._job.claim.chat_id or ""), tags)
            except NotFound:
                return {}  # the chat was deleted meanwhile
        return {"tags": tags}


class FollowUpsTurn(_Follower):
    """Suggests what to ask next."""

    task = "follow_ups"

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Store the suggestions with the answer, if the model gave any."""
        if status != COMPLETED or error is not None:
            return {}
        found = _texts_in(self._said.get("follow_ups"), _LONGEST_FOLLOW_UP, _MOST_FOLLOW_UPS)
        claim = self._job.claim
        if found:
            messages.add_fields(claim.chat_id or "", claim.message_id or "", {"followUps": found})
        return {"follow_ups": found}


def _texts_in(found: Any, longest: int, most: int) -> list[str]:
    """Take from a model's list what can be stored."""
    words = [word for word in found if isinstance(word, str)] if isinstance(found, list) else []
    words = [word.replace("\x00", "").strip()[:longest] for word in words]
    return [word for word in words if word][:most]


def _branch(chat_id: str, message_id: str | None) -> list[dict[str, Any]]:
    """Load the messages that led to an answer, without the page's folded blocks."""
    tree = message_trees.as_tree(messages.of_chat(chat_id), {})
    path = message_trees.branch(tree, message_id)
    return [{"role": m["role"], "content": without_details(m["content"])} for m in path]
